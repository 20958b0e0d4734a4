// Line plots as SVG files that follow the reader's light or dark theme.

export interface Line {
  readonly name: string
  /** x and y, in the order of x. */
  readonly points: readonly (readonly [number, number])[]
}

export interface Plot {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  /** A logarithmic axis has a mark at each power of ten. */
  readonly xScale: 'linear' | 'logarithmic'
  readonly lines: readonly Line[]
}

const WIDTH = 640
const HEIGHT = 300
const LEFT = 64
const RIGHT = 20
const TOP = 44
const BOTTOM = 48
/** As the styles below have. */
const MAX_LINES = 4

const STYLE = `
    text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #57606a }
    .title { font-size: 15px; font-weight: 600; fill: #1f2328 }
    .grid { stroke: #d1d9e0; stroke-width: 1 }
    .line { fill: none; stroke-width: 2 }
    .line0 { stroke: #0969da } .dot0 { fill: #0969da }
    .line1 { stroke: #bc4c00; stroke-dasharray: 7 3 } .dot1 { fill: #bc4c00 }
    .line2 { stroke: #1a7f37; stroke-dasharray: 2 3 } .dot2 { fill: #1a7f37 }
    .line3 { stroke: #8250df; stroke-dasharray: 9 3 2 3 } .dot3 { fill: #8250df }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 }
      .title { fill: #e6edf3 }
      .grid { stroke: #3d444d }
      .line0 { stroke: #4493f8 } .dot0 { fill: #4493f8 }
      .line1 { stroke: #db6d28 } .dot1 { fill: #db6d28 }
      .line2 { stroke: #3fb950 } .dot2 { fill: #3fb950 }
      .line3 { stroke: #ab7df8 } .dot3 { fill: #ab7df8 }
    }`

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** A round number at or above `value`. */
function toCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= value) ?? 10
  return factor * power
}

const toText = (value: number): string =>
  value >= 1_000 ? value.toLocaleString('en-US') : String(Number(value.toPrecision(3)))

function toMarks(from: number, to: number, scale: Plot['xScale']): number[] {
  if (scale === 'linear') {
    const step = toCeiling((to - from) / 5)
    const first = Math.ceil(from / step)
    return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step)
  }
  const [first, last] = [Math.ceil(Math.log10(from)), Math.floor(Math.log10(to))]
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
}

export function toSvg({ title, xLabel, yLabel, xScale, lines }: Plot): string {
  if (lines.length > MAX_LINES) throw new Error(`a plot has at most ${MAX_LINES} lines`)
  const points = lines.flatMap((line) => line.points)
  const xs = points.map(([x]) => x)
  const [from, to] = [Math.min(...xs), Math.max(...xs)]
  const top = toCeiling(Math.max(...points.map(([, y]) => y)) * 1.1)
  const toShare = (x: number): number =>
    xScale === 'linear' ? (x - from) / (to - from) : Math.log(x / from) / Math.log(to / from)
  const toX = (x: number): number => Math.round(LEFT + toShare(x) * (WIDTH - LEFT - RIGHT))
  const toY = (y: number): number => Math.round(HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM))
  const rows = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = toY(share * top)
    return `  <path class="grid" d="M${LEFT} ${y}H${WIDTH - RIGHT}"/><text x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${toText(share * top)}</text>`
  })
  const columns = toMarks(from, to, xScale).map(
    (x) =>
      `  <text x="${toX(x)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="${toX(x) === WIDTH - RIGHT ? 'end' : 'middle'}">${toText(x)}</text>`,
  )
  const drawn = lines.map((line, index) => {
    const path = line.points.map(([x, y], place) => `${place === 0 ? 'M' : 'L'}${toX(x)} ${toY(y)}`).join('')
    const dots =
      line.points.length > 30
        ? ''
        : line.points
            .map(([x, y]) => `<circle class="dot${index}" cx="${toX(x)}" cy="${toY(y)}" r="3"/>`)
            .join('')
    const legend = `<path class="line line${index}" d="M${WIDTH - RIGHT - 150} ${TOP - 24 + index * 18}h28"/><text x="${WIDTH - RIGHT - 114}" y="${TOP - 20 + index * 18}">${escape(line.name)}</text>`
    return `  <path class="line line${index}" d="${path}"/>${dots}${lines.length === 1 ? '' : legend}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
  <title id="title">${escape(title)}</title>
  <style>${STYLE}
  </style>
  <text class="title" x="${LEFT}" y="20">${escape(title)}</text>
${[...rows, ...columns, ...drawn].join('\n')}
  <text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escape(xLabel)}</text>
  <text x="14" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(TOP + HEIGHT - BOTTOM) / 2})">${escape(yLabel)}</text>
</svg>
`
}
