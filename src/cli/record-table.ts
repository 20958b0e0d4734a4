/** Records for people, in columns. No cell is ever cut: each value can be copied into a filter. */
import { outcomeOf, type ReadRecord } from '../audit-reader/read-record.ts'
import { isObject } from '../json.ts'

export interface TableOptions {
  /** The terminal's width; undefined if the table goes to a file or a program. */
  readonly columns: number | undefined
  readonly isColoured: boolean
}

interface Column {
  readonly title: string
  /** Wide enough for most values. A longer value moves what follows it. */
  readonly width: number
  readonly toCell: (record: ReadRecord) => unknown
  readonly isId?: true
}

const toTime = ({ time }: ReadRecord): string =>
  typeof time === 'string' ? time.slice(0, 19).replace('T', ' ') : ''

const toOutcome = (record: ReadRecord): unknown => {
  const { event } = record
  return event === 'attempt' || event === 'refusals' ? outcomeOf(record) : event
}

function toReason({ event, reason, delivered, detail }: ReadRecord): unknown {
  const { reasons, cause, state } = isObject(detail) ? detail : {}
  if (event === 'refusals') {
    return Object.entries(isObject(reasons) ? reasons : {})
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ')
  }
  if (reason === null && event === 'attempt' && delivered === false) return 'not delivered'
  return reason ?? cause ?? state
}

const toNumber = ({ event, ms, count }: ReadRecord): unknown =>
  event === 'refusals' ? `x${String(count)}` : ms

const columns: readonly Column[] = [
  { title: 'time (UTC)', width: 19, toCell: toTime },
  { title: 'outcome', width: 9, toCell: toOutcome },
  { title: 'code', width: 22, toCell: ({ code }) => code },
  { title: 'reason', width: 24, toCell: toReason },
  { title: 'preset', width: 16, toCell: ({ preset }) => preset },
  { title: 'ms', width: 6, toCell: toNumber },
  { title: 'caller', width: 32, toCell: ({ caller }) => caller, isId: true },
  { title: 'address', width: 32, toCell: ({ address }) => address, isId: true },
  { title: 'request', width: 36, toCell: ({ request_id: id }) => id, isId: true },
]

const GAP = '  '
const INDENT = ' '.repeat(4)

const FULL_WIDTH = columns.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length)

const colours: ReadonlyMap<string, number> = new Map([
  ['issued', 32],
  ['refused', 33],
  ['failed', 31],
])

/** Whatever is in the file, only text gets to the terminal. */
export const toPrintable = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).replaceAll(/[^\x20-\x7e]/g, '?') : ''

export function createTable({ columns: terminal, isColoured }: TableOptions) {
  const isNarrow = terminal !== undefined && terminal < FULL_WIDTH
  const first = columns.filter(({ isId }) => !(isNarrow && isId))
  const second = columns.filter(({ isId }) => isNarrow && isId)

  function toCell({ title, width, toCell: read }: Column, record: ReadRecord): string {
    const text = toPrintable(read(record))
    const colour = isColoured && title === 'outcome' ? colours.get(text) : undefined
    return colour === undefined ? text.padEnd(width) : `\u001b[${colour}m${text.padEnd(width)}\u001b[0m`
  }

  /** One line, or two in a terminal that is too narrow for one. */
  function toRow(record: ReadRecord): string {
    const line = first.map((column) => toCell(column, record)).join(GAP)
    const ids = second.flatMap(({ title, toCell: read }) => {
      const text = toPrintable(read(record))
      return text === '' ? [] : [`${title} ${text}`]
    })
    return ids.length === 0 ? line.trimEnd() : `${line.trimEnd()}\n${INDENT}${ids.join(GAP)}`
  }

  const titles = first.map(({ title, width }) => title.padEnd(width))
  return { head: titles.join(GAP).trimEnd(), toRow }
}
