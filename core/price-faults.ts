import type { PriceRow, StepRows } from './price-row.ts'

/** What the schema cannot see of the prices of one model: whether they fit together. One sentence for each place, with the model's name. */
export function priceFaults(prices: readonly PriceRow[], model: string): readonly string[] {
  return prices.flatMap((price, index) => {
    const before = prices[index - 1]
    return [
      ...(before !== undefined && before.from > price.from ? [`${model}: prices out of order`] : []),
      ...(before?.from === price.from && price.hours === undefined ? [`${model}: two prices from ${price.from}`] : []),
      ...(index === 0 && price.hours !== undefined ? [`${model}: its first price holds in some hours only`] : []),
      ...(stepsOf(price).every(stepsAscend) ? [] : [`${model}: steps out of order`]),
    ]
  })
}

/** Whether each step begins above the one before it. */
export const stepsAscend = (steps: StepRows): boolean =>
  steps.every((step, index) => step.abovePromptTokens > (steps[index - 1]?.abovePromptTokens ?? 0))

type TariffRows = Pick<PriceRow, 'steps' | 'tiers'>

const stepsOf = (price: PriceRow): readonly StepRows[] => [
  ...tariffSteps(price),
  ...Object.values(price.regions ?? {}).flatMap((region) => ('rates' in region ? tariffSteps(region) : [])),
]

const tariffSteps = ({ steps, tiers }: TariffRows): readonly StepRows[] =>
  [steps, ...Object.values(tiers ?? {}).map((tier) => tier.steps)].filter((some) => some !== undefined)
