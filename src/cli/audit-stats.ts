/** `realtime-mint audit stats`: how many attempts there were, by one or two of their fields. */
import { type Group, type GroupName, groupNames, isGroupName } from '../audit-reader/index-groups.ts'
import { checkMembers, Misuse, parseArguments } from './arguments.ts'
import { askIndex, filterOptions, parseLimit, type Question } from './audit-filters.ts'
import type { Command } from './command.ts'
import { toPrintable } from './record-table.ts'

const options = { ...filterOptions, by: { type: 'string', multiple: true } } as const

const names = groupNames.filter((name) => name !== 'minute')

const spans: ReadonlyMap<string, number> = new Map([
  ['hour', '2026-11-22T10:00'.length],
  ['day', '2026-11-22'.length],
])

/** One or two. Throws a Misuse. */
function parseBy(values: readonly string[] = ['outcome']): readonly GroupName[] {
  const by = values.flatMap((value) => value.split(','))
  checkMembers('by', by, names)
  if (by.length > 2 || new Set(by).size < by.length) throw new Misuse('takes --by with one or two fields.')
  return by.filter(isGroupName)
}

type Value = Group['values'][number]

/** The start of a span as its text, UTC. */
const toValue = (name: GroupName, value: Value): Value =>
  spans.has(name) && typeof value === 'number' ? new Date(value).toISOString() : value

const toCell = (name: GroupName, value: Value): string =>
  value === null ? '-' : toPrintable(String(toValue(name, value)).slice(0, spans.get(name)).replace('T', ' '))

/** Spans of time in their order, everything else by count. */
function sort(groups: readonly Group[], by: readonly GroupName[]): Group[] {
  const { compare } = new Intl.Collator(undefined, { numeric: true })
  return groups.toSorted((one, other) => {
    const byValue = by.map((_name, index) =>
      compare(String(one.values[index] ?? ''), String(other.values[index] ?? '')),
    )
    const byTime = byValue.filter((_order, index) => spans.has(by[index] ?? ''))
    return [...byTime, other.count - one.count, ...byValue].find((order) => order !== 0) ?? 0
  })
}

const toJson = ({ values, count }: Group, by: readonly GroupName[]): string =>
  JSON.stringify({
    ...Object.fromEntries(by.map((name, index) => [name, toValue(name, values[index] ?? null)])),
    count,
  })

function toTable(groups: readonly Group[], by: readonly GroupName[]): string[] {
  const rows = [
    [...by.map((name) => (spans.has(name) ? `${name} (UTC)` : name)), 'count'],
    ...groups.map(({ values, count }) => [
      ...by.map((name, index) => toCell(name, values[index] ?? null)),
      String(count),
    ]),
  ]
  const widths = by.map((_name, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
}

/** `realtime-mint audit stats` */
export const runStats: Command = async (args, context) => {
  const { write, note } = context
  const { values: given, operand } = parseArguments(args, options, { maxOperands: 1 })
  const by = parseBy(given.by)
  const limit = parseLimit(given.limit) ?? Infinity
  async function answer({ index, filter, clearProgress }: Question): Promise<number> {
    const groups = sort(await index.count(filter, by), by)
    const shown = groups.slice(0, limit)
    clearProgress()
    const lines = given.json ? shown.map((group) => toJson(group, by)) : toTable(shown, by)
    if (shown.length > 0) await write(`${lines.join('\n')}\n`)
    if (shown.length < groups.length) note(`There are ${groups.length} groups. --limit 0 shows all.\n`)
    return shown.length
  }
  return askIndex(given, context, { operand, nothing: 'No attempt matches.\n', answer })
}
