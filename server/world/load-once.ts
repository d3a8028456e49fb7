/** Gives what `load` gives, loaded when it is first asked for and kept; a load that failed is tried again with the next call. */
export function loadOnce<Value>(load: () => Promise<Value>): () => Promise<Value> {
  const kept: { value: Promise<Value> | undefined } = { value: undefined }
  return () => {
    kept.value ??= load().catch((error: unknown) => {
      kept.value = undefined
      throw error
    })
    return kept.value
  }
}
