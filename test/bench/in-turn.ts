/** Works on one item after another. Calls that share an iterator divide its items among them. */
export async function inTurn<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    // Overlapping work would disturb the measurement.
    results.push(await work(item))
  }
  return results
}

/** Works on all items in each round, so that other load on the machine disturbs all alike. The results of each item. */
export async function inRounds<Item, Result>(
  rounds: number,
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[][]> {
  const results = await inTurn(Array.from({ length: rounds }), () => inTurn(items, work))
  return items.map((_, index) => results.flatMap((round) => round.slice(index, index + 1)))
}
