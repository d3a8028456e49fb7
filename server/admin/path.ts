/** The names in a declared path: `/keys/:id/rotate` has `id`. */
export const pathNames = (declared: string): readonly string[] =>
  [...declared.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')

/** Whether a real path is one of a declared one. */
export function inPath(declared: string, path: string): boolean {
  const [wanted, given] = [declared.split('/'), path.split('/')]
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]))
  )
}
