/**
 * A look-up that makes the value of a key when it is first asked for. Afterwards it costs one read of a small Map, so it may stand on
 * the hot path. It never forgets; where keys come from outside the program, `bound` says how many there may be, and which one all
 * others share.
 */
export function resolveOnce<Key, Value extends object>(
  make: (key: Key) => Value,
  bound?: { readonly keysMax: number; readonly beyond: Key },
): (key: Key) => Value {
  const made = new Map<Key, Value>()
  const resolve = (key: Key): Value => {
    const known = made.get(key)
    if (known !== undefined) return known
    if (bound !== undefined && made.size >= bound.keysMax && key !== bound.beyond) return resolve(bound.beyond)
    const value = make(key)
    made.set(key, value)
    return value
  }
  return resolve
}
