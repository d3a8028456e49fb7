/**
 * Remembers what was used last, at most `entriesMax` of it. In two halves: when the younger is full, the older is forgotten as a whole, and
 * what is asked for in time moves over. So nothing is deleted or put in again on each use, as a list in order of use would have it, which
 * is what long-lived maps on the way of a request must not do (it costs the garbage collector more than the map).
 */
export interface RecentMap<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

export function openRecentMap<Value>({ entriesMax }: { readonly entriesMax: number }): RecentMap<Value> {
  const halfMax = Math.floor(entriesMax / 2)
  const now = { young: new Map<string, Value>(), old: new Map<string, Value>() }
  const set = (key: string, value: Value) => {
    if (now.young.size >= halfMax && !now.young.has(key)) Object.assign(now, { old: now.young, young: new Map() })
    now.young.set(key, value)
  }
  return {
    get(key) {
      const young = now.young.get(key)
      if (young !== undefined) return young
      const old = now.old.get(key)
      if (old !== undefined) set(key, old)
      return old
    },
    set,
  }
}
