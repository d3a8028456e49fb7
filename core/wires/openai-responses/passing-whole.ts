import { asText } from '../../json.ts'
import { PassingWhole, type PassingWholeOptions } from '../../passing-whole.ts'
import { readTold } from '../openai-chat/fault-read.ts'
import { readServiceTier } from '../openai-chat/usage.ts'
import { errorOf } from './reply-read.ts'
import { readResponseUsage } from './usage.ts'

/** Reads a whole response in passing. */
export const responsesWhole = ({ flavour, spendLimitCodes }: PassingWholeOptions): PassingWhole =>
  new PassingWhole({
    keys: ['id', 'model', 'status', 'usage', 'tool_usage', 'service_tier', 'error'],
    read: (response) => ({
      model: response['model'],
      serviceTier: readServiceTier(response),
      usage: readResponseUsage(response, flavour),
      replyId: asText(response['id']) || null,
    }),
    fault: (response) => {
      const failure = errorOf(response)
      return failure === undefined ? undefined : readTold(failure, { reason: 'error_in_reply', spendLimitCodes })
    },
  })
