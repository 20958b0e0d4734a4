/** Long work in slices of a few milliseconds: each `yield` is a place where other work may go first. */
import { setImmediate } from 'node:timers/promises'

export type Slices<Result> = Generator<undefined, Result>

export async function runInSlices<Result>(slices: Slices<Result>): Promise<Result> {
  let step = slices.next()
  while (step.done !== true) {
    await setImmediate()
    step = slices.next()
  }
  return step.value
}
