import type { WriteReply } from './wire.ts'

/** A vendor's name of a reply where it looks like one of the client's wire, else one of our own. */
export const replyId = (id: string, prefix: string, { requestId }: WriteReply): string =>
  id.startsWith(prefix) ? id : prefix + requestId
