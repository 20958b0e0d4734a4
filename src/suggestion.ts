/** The distance of longer words costs too much, and no candidate is longer. */
const MAX_WORD = 64

/** The candidate that a misspelt word most likely stands for; undefined where none is near. */
export function closest(word: string, candidates: readonly string[], maxDistance = 5): string | undefined {
  if (word.length > MAX_WORD) return undefined
  const limit = Math.min(maxDistance, Math.max(1, Math.floor(word.length / 3)))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A question to add to a message; empty where no candidate is near. */
export function toHint(word: string, candidates: readonly string[], prefix = ''): string {
  const near = closest(word, candidates)
  return near === undefined ? '' : ` Did you mean ${prefix}${near}?`
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)]
  const costAt = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    rows.push(current)
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1]
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      current[column] = Math.min(
        costAt(row - 1, column) + 1,
        costAt(row, column - 1) + 1,
        costAt(row - 1, column - 1) + (isSame ? 0 : 1),
        isSwap ? costAt(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return costAt(from.length, to.length)
}
