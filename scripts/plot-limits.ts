/** `npm run docs:limits` writes docs/limits.svg: the simulation of limits as a plot, for light and dark pages. */
import {
  BACK_MS,
  countWindow,
  END_MS,
  LOST_MS,
  type Load,
  loads,
  type Run,
  replicaCounts,
  simulateAll,
} from './simulate-limits.ts'

const WIDTH = 860
const LEFT = 56
const RIGHT = 40
const TOP = 92
const PANEL_HEIGHT = 190
const GAP = 74
const STEP_MS = 2_000

const toX = (ms: number): number => LEFT + (ms / END_MS) * (WIDTH - LEFT - RIGHT)

interface Panel {
  readonly load: Load
  /** The y of its upper edge. */
  readonly top: number
  /** The highest value. */
  readonly most: number
}

const toY = ({ top, most }: Panel, value: number): number => top + PANEL_HEIGHT * (1 - value / most)

const round = (value: number): string => String(Math.round(value * 10) / 10)

/** Ends at the last whole step, so that nothing is drawn past the axis. */
function toLine(panel: Panel, run: Run): string {
  const points = Array.from({ length: END_MS / STEP_MS + 1 }, (_, index) => {
    const ms = index * STEP_MS
    return `${round(toX(ms))} ${round(toY(panel, countWindow(run, ms)))}`
  })
  return `<path class="line r${run.replicas}" d="M${points.join('L')}" />`
}

function toAxes(panel: Panel): string {
  const bottom = panel.top + PANEL_HEIGHT
  const minutes = Array.from(
    { length: END_MS / 60_000 + 1 },
    (_, minute) =>
      `<text class="tick" x="${round(toX(minute * 60_000))}" y="${bottom + 18}" text-anchor="middle">${minute}</text>`,
  )
  const values = [0, panel.most / 2, panel.most].map(
    (value) =>
      `<text class="tick" x="${LEFT - 8}" y="${round(toY(panel, value) + 4)}" text-anchor="end">${value}</text>
  <path class="grid" d="M${LEFT} ${round(toY(panel, value))}H${WIDTH - RIGHT}" />`,
  )
  return [...values, ...minutes].join('\n  ')
}

function toPanel(panel: Panel, runs: readonly Run[]): string {
  const { load, top } = panel
  const limit = round(toY(panel, load.limit))
  const lost = `<rect class="lost" x="${round(toX(LOST_MS))}" y="${top}" width="${round(toX(BACK_MS) - toX(LOST_MS))}" height="${PANEL_HEIGHT}" />`
  return `
  <text class="name" x="${LEFT}" y="${top - 14}">${load.name}, ${load.requestsPerSecond * 60} requests a minute</text>
  ${lost}
  <text class="tick" x="${round((toX(LOST_MS) + toX(BACK_MS)) / 2)}" y="${top + 16}" text-anchor="middle">Redis is lost</text>
  ${toAxes(panel)}
  <path class="limit" d="M${LEFT} ${limit}H${WIDTH - RIGHT}" />
  <text class="tick" x="${WIDTH - RIGHT + 6}" y="${Number(limit) + 4}">limit</text>
  ${runs.map((run) => toLine(panel, run)).join('\n  ')}`
}

const toLegend = (): string =>
  replicaCounts
    .map((replicas, index) => {
      const x = LEFT + index * 150
      return `<path class="line r${replicas}" d="M${x} 40h34" /><text class="tick" x="${x + 42}" y="44">${replicas} replica${replicas === 1 ? '' : 's'}</text>`
    })
    .join('\n  ')

const STYLE = `text { font: 15px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
    .name { font-weight: 600 }
    .tick { font-size: 12px; fill: #57606a }
    .grid { stroke: #d1d9e0; stroke-width: 1 }
    .lost { fill: #ffebe9 }
    .limit { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 2 3 }
    .line { fill: none; stroke-width: 2; stroke-linejoin: round }
    .r1 { stroke: #57606a }
    .r10 { stroke: #0969da; stroke-dasharray: 7 4 }
    .r100 { stroke: #8250df }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .tick { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .lost { fill: #3c1618 }
      .limit { stroke: #f85149 }
      .r1 { stroke: #9198a1 }
      .r10 { stroke: #4493f8 }
      .r100 { stroke: #ab7df8 }
    }`

export function toPlot(runs: readonly Run[]): string {
  const panels = loads.map((load, index) => ({
    load,
    top: TOP + index * (PANEL_HEIGHT + GAP),
    most: load.limit > 100 ? 1_000 : 80,
  }))
  const height = TOP + loads.length * (PANEL_HEIGHT + GAP) - GAP + 36
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title description">
  <title id="title">What limits admit while Redis is lost and back</title>
  <desc id="description">Requests admitted in the minute before, over nine simulated minutes, for 1, 10 and 100 replicas. Redis is lost from minute 3 to minute 6. The table in docs/scaling.md has the numbers.</desc>
  <style>
    ${STYLE}
  </style>
  <text x="${LEFT}" y="20">Admitted in the last minute, by minutes of the simulation</text>
  ${toLegend()}
${panels
  .map((panel) =>
    toPanel(
      panel,
      runs.filter(({ load }) => load === panel.load),
    ),
  )
  .join('\n')}
</svg>
`
}

if (import.meta.main) process.stdout.write(toPlot(await simulateAll()))
