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
