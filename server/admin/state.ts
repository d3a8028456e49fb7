/** Whether a key or token can be used at `now`. Revoked wins: it is the one that somebody decided. */
export function stateOf(
  { expires_at, revoked_at }: { readonly expires_at: Date | null; readonly revoked_at: Date | null },
  now: Date,
): 'active' | 'expired' | 'revoked' {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && expires_at <= now ? 'expired' : 'active'
}

/** `now` and this many days, or `null` for no end. */
export const daysAfter = (now: Date, days: number | undefined): Date | null =>
  days === undefined ? null : new Date(now.getTime() + days * 86_400_000)
