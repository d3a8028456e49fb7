import { PassingWhole, type PassingWholeOptions } from '../../passing-whole.ts'
import { toldFault } from './fault.ts'
import { readServiceTier, readUsage } from './usage.ts'

/** Reads a whole completion in passing, or any other reply in the form of OpenAI's older API. */
export const openAiWhole = ({ flavour, spendLimitCodes }: PassingWholeOptions): PassingWhole =>
  new PassingWhole({
    keys: ['model', 'usage', 'service_tier', 'error'],
    read: (reply) => ({
      model: reply['model'],
      serviceTier: readServiceTier(reply),
      usage: readUsage(reply['usage'], flavour),
    }),
    fault: ({ error }) =>
      error === undefined || error === null
        ? undefined
        : toldFault(error, { reason: 'error_in_reply', spendLimitCodes }),
  })
