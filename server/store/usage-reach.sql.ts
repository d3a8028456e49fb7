import { type RawBuilder, sql as raw } from 'kysely'
import type { Reach } from '../../core/rights.ts'

/**
 * What was used in this organisation (`null`: in all) by those keys that are within reach; the ledger and its sums name their columns
 * alike. Row-level security says the same of the organisation, but in a way that no index can be found by.
 */
export const within = (organisation: string | null, reach: Reach): RawBuilder<boolean> =>
  raw<boolean>`(${inOrganisation(organisation)} and ${reachable(reach)})`

export const inOrganisation = (organisation: string | null): RawBuilder<boolean> =>
  organisation === null ? raw<boolean>`true` : raw<boolean>`organisation_id = ${organisation}`

/** Without what reaches nowhere, so that a person who has nothing but their own is found by the index. */
function reachable(reach: Reach): RawBuilder<boolean> {
  if (reach.kind === 'all') return raw<boolean>`true`
  const own = reach.userId === null ? [] : [raw<boolean>`user_id = ${reach.userId}`]
  return anyOf([...inPlaces(reach), ...own])
}

/** What belongs to the teams and projects within reach. */
export const inReachedPlaces = (reach: Reach & { readonly kind: 'part' }): RawBuilder<boolean> => anyOf(inPlaces(reach))

const inPlaces = ({ teams, projects }: Reach & { readonly kind: 'part' }): readonly RawBuilder<boolean>[] => [
  ...(teams.length === 0 ? [] : [raw<boolean>`team_id = any(${[...teams]})`]),
  ...(projects.length === 0 ? [] : [raw<boolean>`project_id = any(${[...projects]})`]),
]

const anyOf = (conditions: readonly RawBuilder<boolean>[]): RawBuilder<boolean> =>
  conditions.length === 0 ? raw<boolean>`false` : raw<boolean>`(${raw.join(conditions, raw` or `)})`
