/**
 * One page of a list. The store is asked for one row more than the page holds; when it comes, there is another page, and the
 * cursor of that one is the last row here.
 */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  {
    limit,
    cursorOf,
    view,
  }: { readonly limit: number; readonly cursorOf: (row: Row) => string; readonly view: (row: Row) => Item },
): { items: Item[]; next: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items: items.map(view), next: rows.length > limit && last !== undefined ? cursorOf(last) : null }
}
