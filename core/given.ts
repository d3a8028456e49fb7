/** The fields that have a value. Under `exactOptionalPropertyTypes` a field that is `undefined` is not an absent one. */
export type Given<Fields> = { -readonly [Key in keyof Fields]?: Fields[Key] & ({} | null) }

/** Leaves out what is `undefined`, for optional fields of a node that is being read. */
export function given<Fields extends object>(fields: Fields): Given<Fields> {
  const kept: Given<Fields> = {}
  for (const key in fields) {
    const value = fields[key]
    if (value !== undefined) kept[key] = value
  }
  return kept
}
