/** Records for people: one line each, in columns. */
import { type ReadRecord, reasonsOf } from '../audit-reader/filters.ts'

export interface TableOptions {
  /** Of the terminal, so that no line is longer if that can be; undefined leaves every cell whole. */
  readonly columns: number | undefined
  readonly isColoured: boolean
}

export interface Table {
  readonly head: string
  readonly toRow: (record: ReadRecord) => string
}

interface Column {
  readonly title: string
  /** On a terminal, at least. */
  readonly width: number
  /** Of what is to spare there. */
  readonly share: number
  /** Elsewhere. */
  readonly wholeWidth: number
  readonly toCell: (record: ReadRecord) => unknown
  /** Of some cells, as numbers that terminals know. */
  readonly colours?: ReadonlyMap<string, number>
}

function toTime({ time }: ReadRecord): string {
  return typeof time === 'string' ? time.slice(0, 19).replace('T', ' ') : ''
}

function toOutcome({ event, outcome }: ReadRecord): unknown {
  if (event === 'refusals') return 'refused'
  return event === 'attempt' ? outcome : event
}

function toReason(record: ReadRecord): unknown {
  const { event, reason, delivered, detail } = record
  if (event === 'refusals') {
    return Object.entries(reasonsOf(record))
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ')
  }
  if (reason === null && event === 'attempt' && delivered === false) return 'not delivered'
  const cause = typeof detail === 'object' && detail !== null && 'cause' in detail ? detail.cause : null
  return reason ?? cause
}

const colours: ReadonlyMap<string, number> = new Map([
  ['issued', 32],
  ['refused', 33],
  ['failed', 31],
])

const toNumber = ({ event, ms, count }: ReadRecord): unknown =>
  event === 'refusals' ? `x${String(count)}` : ms

/** On a terminal, pseudonyms and ids are cut to what tells them apart; filters take that much of them. */
const columns: readonly Column[] = [
  { title: 'time (UTC)', width: 19, share: 0, wholeWidth: 19, toCell: toTime },
  { title: 'outcome', width: 9, share: 0, wholeWidth: 9, toCell: toOutcome, colours },
  { title: 'code', width: 12, share: 3, wholeWidth: 22, toCell: ({ code }) => code },
  { title: 'reason', width: 12, share: 3, wholeWidth: 24, toCell: toReason },
  { title: 'preset', width: 8, share: 2, wholeWidth: 16, toCell: ({ preset }) => preset },
  { title: 'caller', width: 8, share: 0, wholeWidth: 32, toCell: ({ caller }) => caller },
  { title: 'address', width: 8, share: 0, wholeWidth: 32, toCell: ({ address }) => address },
  { title: 'request', width: 8, share: 0, wholeWidth: 36, toCell: ({ request_id: id }) => id },
  { title: 'ms', width: 6, share: 0, wholeWidth: 6, toCell: toNumber },
]

const GAP = '  '

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

function toWidths(terminal: number | undefined): number[] {
  if (terminal === undefined) return columns.map(({ wholeWidth }) => wholeWidth)
  const least = sum(columns.map(({ width }) => width)) + GAP.length * (columns.length - 1)
  const spare = Math.max(0, terminal - least)
  const shares = sum(columns.map(({ share }) => share))
  return columns.map(({ width, share }) => width + Math.floor((spare * share) / shares))
}

/** Whatever is in the file, nothing but text gets onto a terminal. */
const toText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).replaceAll(/[^\x20-\x7e]/g, '?') : ''

export function createTable({ columns: terminal, isColoured }: TableOptions): Table {
  const widths = toWidths(terminal)

  function fit(text: string, index: number): string {
    const width = widths[index] ?? 0
    const cut = terminal !== undefined && text.length > width ? text.slice(0, width) : text
    return cut.padEnd(width)
  }

  function toCell({ toCell: read, colours: own }: Column, index: number, record: ReadRecord): string {
    const cell = fit(toText(read(record)), index)
    const code = isColoured ? own?.get(cell.trimEnd()) : undefined
    return code === undefined ? cell : `\u001b[${code}m${cell}\u001b[0m`
  }

  return {
    head: columns
      .map(({ title }, index) => fit(title, index))
      .join(GAP)
      .trimEnd(),
    toRow: (record) =>
      columns
        .map((column, index) => toCell(column, index, record))
        .join(GAP)
        .trimEnd(),
  }
}
