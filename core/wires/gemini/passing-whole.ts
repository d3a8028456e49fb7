import { PassingWhole, type PassingWholeOptions } from '../../passing-whole.ts'
import { toldFault } from './fault.ts'
import { readServiceTier, readUsage, searchesIn } from './usage.ts'

/** Reads a whole answer in passing. How often the vendor has searched stands deep in it, and is not seen in a large one (pictures). */
export const geminiWhole = ({ spendLimitCodes }: Pick<PassingWholeOptions, 'spendLimitCodes'>): PassingWhole =>
  new PassingWhole({
    keys: ['modelVersion', 'usageMetadata', 'error'],
    parsedBytesMax: PARSED_BYTES_MAX,
    read: (reply) => ({
      model: reply['modelVersion'],
      serviceTier: readServiceTier(reply['usageMetadata']),
      usage: readUsage(reply['usageMetadata'], searchesIn(reply)),
    }),
    fault: ({ error }) => (error === undefined || error === null ? undefined : toldFault(error, { spendLimitCodes })),
  })

/** Parsing so much takes about a millisecond. */
const PARSED_BYTES_MAX = 262_144
