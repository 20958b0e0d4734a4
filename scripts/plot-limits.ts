/** `npm run docs:limits` draws the simulation of limits: a plot for each limit, for light and dark pages. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Line, toSvg } from '../test/bench/plot.ts'
import { countWindow, END_MS, type Run, simulateAll } from './simulate-limits.ts'

const STEP_MS = 2_000

/** What was admitted in the minute before, over the simulation. */
const toLine = (run: Run): Line => ({
  name: `${run.replicas} replica${run.replicas === 1 ? '' : 's'}`,
  points: Array.from({ length: END_MS / STEP_MS + 1 }, (_, index) => {
    const ms = index * STEP_MS
    return [ms / 60_000, countWindow(run, ms)] as const
  }),
})

/** The plots by the names of their files in docs/. */
export const toPlots = (runs: readonly Run[]): ReadonlyMap<string, string> =>
  new Map(
    [...Map.groupBy(runs, ({ load }) => load)].map(([{ file, name, requestsPerSecond }, own]) => [
      file,
      toSvg({
        title: name,
        xLabel: `minutes with ${requestsPerSecond * 60} requests each; Redis is lost from 3 to 6`,
        yLabel: 'admitted in the last minute',
        xScale: 'linear',
        lines: own.map(toLine),
      }),
    ]),
  )

if (import.meta.main) {
  for (const [file, svg] of toPlots(await simulateAll())) {
    await writeFile(join(import.meta.dirname, '../docs', file), svg)
  }
}
