import type { Json } from '../../json.ts'

/** An event as it is sent. Its name is its type: the SDK drops an event without a name. */
export const event = (data: { readonly type: string; readonly [key: string]: Json }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
