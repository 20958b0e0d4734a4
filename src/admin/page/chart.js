/** Attempts over time: three charts, each with a scale of its own, so that few failures show beside many secrets. */
import { find, h, icon, readColor } from './dom.js'
import { formatCount, formatTime } from './format.js'
import { createMarks } from './marks.js'
import uPlot from './uplot.js'

/** @typedef {import('./api.js').Summary} Summary */
/** @typedef {import('./view.js').View} View */
/** @typedef {'issued' | 'refused' | 'failed'} Outcome */

/** @type {readonly { outcome: Outcome, title: string, height: number }[]} */
const rows = [
  { outcome: 'issued', title: 'Issued', height: 102 },
  { outcome: 'refused', title: 'Refused', height: 70 },
  { outcome: 'failed', title: 'Failed', height: 70 },
]

const FONT = '12px system-ui, sans-serif'
const AXIS_HEIGHT = 28
const AXIS_WIDTH = 52
const DAY_SECONDS = 86_400

const colors = { issued: '--accent', refused: '--quiet', failed: '--bad' }

/** @param {number} most */
const toTop = (most) => Math.max(4, most * 1.12)

/** @param {View} view @param {boolean} isLast @returns {uPlot.Axis[]} */
function toAxes({ zone }, isLast) {
  const [stroke, line, font] = [readColor('--muted'), readColor('--line'), FONT]
  const grid = { stroke: line, width: 1 }
  return [
    {
      show: isLast,
      size: AXIS_HEIGHT,
      stroke,
      font,
      grid: { show: false },
      ticks: { stroke: line, size: 4 },
      space: 76,
      values: (_plot, splits, _axis, _space, step) =>
        splits.map((seconds) => formatTime(step >= DAY_SECONDS ? 'day' : 'minute', seconds * 1000, zone)),
    },
    {
      size: AXIS_WIDTH,
      stroke,
      font,
      grid,
      ticks: { show: false },
      // Little enough for a label besides 0, whatever the counts are.
      space: 20,
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
      values: (_plot, splits) => splits.map((count) => formatCount(count)),
    },
  ]
}

/**
 * @param {(typeof rows)[number]} row
 * @param {{ view: View, width: number, marks: uPlot.Plugin, toRange: () => [number, number], onSpan: (from: number, to: number) => void, onIndex: (index: number | null) => void }} context
 * @returns {uPlot.Options}
 */
function toOptions({ outcome, height }, { view, width, marks, toRange, onSpan, onIndex }) {
  const isLast = outcome === 'failed'
  const stroke = readColor(colors[outcome])
  const bars = uPlot.paths.bars?.({ size: [0.82, 48], align: 1, gap: 1 })
  return {
    width,
    height: height + (isLast ? AXIS_HEIGHT : 0),
    padding: [10, 20, isLast ? 0 : 8, 0],
    tzDate: (seconds) =>
      uPlot.tzDate(
        new Date(seconds * 1000),
        view.zone === 'utc' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone,
      ),
    legend: { show: false },
    cursor: {
      sync: { key: 'attempts' },
      points: { show: false },
      y: false,
      drag: { x: true, y: false, setScale: false },
    },
    scales: { x: { time: true, range: toRange }, y: { range: (_plot, _least, most) => [0, toTop(most)] } },
    axes: toAxes(view, isLast),
    series: [{}, { stroke, fill: stroke, width: 0, points: { show: false }, ...(bars && { paths: bars }) }],
    plugins: [marks],
    hooks: {
      setCursor: [(plot) => onIndex(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          const { left, width: selected } = plot.select
          if (selected < 4) return
          onSpan(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + selected, 'x') * 1000)
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
}

/** Charts in `#charts`, and in words what the pointer is at. */
export class Charts {
  #container = find('#charts', HTMLElement)
  #readout = find('#readout', HTMLElement)
  #marks = createMarks()
  #onSpan
  /** @type {{ summary: Summary, view: View } | undefined} */
  #shown
  /** @type {uPlot[]} */
  #plots = []
  #shape = ''

  /** @param {{ onSpan: (from: number, to: number) => void }} options */
  constructor({ onSpan }) {
    this.#onSpan = onSpan
    new ResizeObserver(() => this.#resize()).observe(this.#container)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#build())
  }

  /** @param {Summary} summary @param {View} view */
  show(summary, view) {
    this.#shown = { summary, view }
    this.#marks.set(summary.changes)
    const shape = `${view.zone} ${summary.bucket_seconds}`
    if (shape === this.#shape) {
      rows.forEach(({ outcome }, index) => this.#plots[index]?.setData(toData(summary, outcome)))
    } else this.#build()
    this.#shape = shape
    for (const { outcome } of rows) {
      find(`[data-total="${outcome}"]`, HTMLElement).textContent = formatCount(summary[outcome])
    }
    this.#readOut(null)
  }

  #build() {
    const shown = this.#shown
    if (shown === undefined) return
    for (const plot of this.#plots) plot.destroy()
    this.#container.replaceChildren()
    this.#plots = rows.map((row) => {
      const total = h('span', { 'data-total': row.outcome }, formatCount(shown.summary[row.outcome]))
      const box = h('div', { class: 'plot' })
      const head = h('p', { class: 'row-head' }, icon(row.outcome), h('b', {}, row.title), total)
      this.#container.append(h('div', { class: 'row' }, head, box))
      const options = toOptions(row, {
        view: shown.view,
        width: box.clientWidth,
        marks: this.#marks.plugin,
        toRange: () => this.#toRange(),
        onSpan: this.#onSpan,
        onIndex: (index) => this.#readOut(index),
      })
      return new uPlot(options, toData(shown.summary, row.outcome), box)
    })
  }

  #resize() {
    for (const plot of this.#plots) {
      plot.setSize({ width: plot.root.parentElement?.clientWidth ?? 0, height: plot.height })
    }
  }

  /** The last bucket begins at the last time, and has a width too. @returns {[number, number]} */
  #toRange() {
    const { times, bucket_seconds: seconds } = this.#shown?.summary ?? { times: [], bucket_seconds: 60 }
    return [(times[0] ?? 0) / 1000, (times.at(-1) ?? 0) / 1000 + seconds]
  }

  /** @param {number | null} index */
  #readOut(index) {
    if (this.#shown !== undefined) {
      this.#readout.textContent = describe(this.#shown.summary, this.#shown.view, index)
    }
  }
}

/** @param {Summary} summary @param {Outcome} outcome @returns {uPlot.AlignedData} */
const toData = ({ times, series }, outcome) => [times.map((ms) => ms / 1000), series[outcome]]

/** @param {Summary} summary @param {View} view @param {number | null} index */
function describe({ times, series, bucket_seconds: seconds }, { zone }, index) {
  const start = index === null ? undefined : times[index]
  if (index === null || start === undefined) return 'Drag across to zoom in'
  const form = seconds >= DAY_SECONDS ? 'day' : 'dayMinute'
  const counts = rows.map(
    ({ outcome, title }) => `${title.toLowerCase()} ${formatCount(series[outcome][index] ?? 0)}`,
  )
  return `${formatTime(form, start, zone)} – ${formatTime('minute', start + seconds * 1000, zone)}: ${counts.join(', ')}`
}

/** @param {number} seconds */
export function toBucketName(seconds) {
  if (seconds < 3_600) return seconds === 60 ? 'minute' : `${seconds / 60} minutes`
  if (seconds < DAY_SECONDS) return seconds === 3_600 ? 'hour' : `${seconds / 3_600} hours`
  return seconds === DAY_SECONDS ? 'day' : `${seconds / DAY_SECONDS} days`
}
