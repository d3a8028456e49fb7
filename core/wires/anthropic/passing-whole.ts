import { asObject } from '../../json.ts'
import { PassingWhole, type PassingWholeOptions } from '../../passing-whole.ts'
import { readToldFault } from './fault.ts'
import { readServiceTier, readUsage } from './usage.ts'

/** Reads a whole message in passing. */
export const anthropicWhole = ({ spendLimitCodes }: Pick<PassingWholeOptions, 'spendLimitCodes'>): PassingWhole =>
  new PassingWhole({
    keys: ['type', 'model', 'usage', 'error'],
    read: (reply) => {
      const told = asObject(reply['usage']) ?? {}
      return { model: reply['model'], serviceTier: readServiceTier(told), usage: readUsage(told) }
    },
    fault: ({ type, error }) =>
      type === 'error' ? readToldFault(error, { reason: 'error_in_reply', spendLimitCodes }) : undefined,
  })
