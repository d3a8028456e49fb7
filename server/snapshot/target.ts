import type { Capabilities } from '../../core/capabilities.ts'
import type { Catalog, Modality } from '../../core/catalog.ts'
import type { Operation } from '../../core/operation.ts'
import type { Price } from '../../core/price.ts'
import type { Provider, Target } from '../../core/route.ts'

/** What the catalogue says of a model's size. */
export interface ModelLimits {
  readonly outputTokensMax: number | null
  readonly input: readonly Modality[] | null
}

interface TargetInputs {
  readonly id: string
  readonly provider: Provider
  readonly model: string
  readonly operations: readonly Operation[]
  readonly prices: readonly Price[]
  readonly limits: ModelLimits
  readonly catalog: Catalog
}

/** A target with what is known of its model. What the model can do is looked up when it is first asked for: a catalogue has more models than anybody uses. */
export function targetOf({ limits, catalog, ...target }: TargetInputs): Target {
  let known: Capabilities | undefined
  return {
    ...target,
    outputTokensMax: limits.outputTokensMax,
    get capabilities() {
      return (known ??= { ...catalog.factsOf(target.model), ...capabilitiesOf(limits) })
    },
  }
}

/** A model that the operator named without telling anything of it; the catalogue may know it all the same. */
export function limitsOf({ kind }: Provider, model: string, catalog: Catalog): ModelLimits {
  const row = catalog.models.find(
    (found) => found.provider === kind.id && (found.id === model || found.aliases.includes(model)),
  )
  return { outputTokensMax: row?.outputTokensMax ?? null, input: row?.modalities.input ?? null }
}

const capabilitiesOf = ({ outputTokensMax, input }: ModelLimits): Pick<Capabilities, 'outputTokensMax' | 'input'> => ({
  ...(input === null ? {} : { input: [...input] }),
  ...(outputTokensMax === null ? {} : { outputTokensMax }),
})
