/** Does the work for one item after another; calls that share one iterator share its items out. */
export async function inTurn<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    // Overlapping would disturb what is measured.
    results.push(await work(item))
  }
  return results
}
