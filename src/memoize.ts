/** About 200 bytes each. */
const MAX_REMEMBERED = 10_000

/** `compute`, which must depend on its text alone, with its last results remembered. Texts must be short. */
export function memoize(compute: (text: string) => string): (text: string) => string {
  const results = new Map<string, string>()
  return (text) => {
    const known = results.get(text)
    if (known !== undefined) return known
    const result = compute(text)
    if (results.size >= MAX_REMEMBERED) results.clear()
    results.set(text, result)
    return result
  }
}
