/** To whom a key belongs, and with it what it uses: the organisation always, the others where there is one. Ids, never names. */
export interface Owner {
  readonly organisationId: string
  readonly teamId: string | null
  readonly projectId: string | null
  readonly userId: string | null
}

/** The organisation that every installation has: what was there before there were organisations is its own. */
export const DEFAULT_ORGANISATION = 'default00000'

/** Of whom nothing more is known than that they are of this installation. */
export const DEFAULT_OWNER: Owner = {
  organisationId: DEFAULT_ORGANISATION,
  teamId: null,
  projectId: null,
  userId: null,
}
