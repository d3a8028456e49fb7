import type { LossMode } from './loss.ts'
import type { Operation } from './operation.ts'
import type { Owner } from './owner.ts'

/** A virtual key as the data plane sees it: who it stands for and what it may do. Never the secret. */
export interface KeyRecord {
  /** The public id inside the key's text; the only part that logs, metrics and records may show. */
  readonly id: string
  readonly name: string
  readonly owner: Owner
  /** Whether the user who owns it may use models where it stands; true where nobody owns it. */
  readonly ownerMayUse: boolean
  /** Patterns of models that it may use (`*` stands for any run of characters), or `null` for every model. */
  readonly models: readonly string[] | null
  /** Patterns of models that it may not use, whatever else says that it may. */
  readonly deniedModels: readonly string[]
  /** Kinds of call that it may make, or `null` for every kind. */
  readonly operations: readonly Operation[] | null
  /** Names of the operator's own models that it may ask for, or `null` for any name. */
  readonly routes: readonly string[] | null
  /** Addresses (`192.0.2.7`) and ranges (`192.0.2.0/24`) from which it may be used, or `null` for anywhere. */
  readonly ipRanges: readonly string[] | null
  /** Milliseconds since 1970, or `null`. Of this secret: rotation leaves two with different ends. */
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** What is done for this key about things that cannot be said to a provider, or `null`: as the route has it. */
  readonly lossy: LossMode | null
}
