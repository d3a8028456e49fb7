/**
 * A look-up that makes the value of a key when it is first asked for. Afterwards it costs one read of a small Map, so it may stand on
 * the hot path where the keys are few. It never forgets: whoever uses it sees to it that the keys are bounded.
 */
export function resolveOnce<Key, Value extends object>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>()
  return (key) => {
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(key)
    made.set(key, value)
    return value
  }
}
