/** `realtime-mint audit query`: what happened, to which caller, and which attempt issued this secret? */
import type { FoundRecord, SelectedPage } from '../audit-reader/audit-index.ts'
import { parseOptions } from './arguments.ts'
import { type AuditContext, readable } from './audit-context.ts'
import { filterOptions, noteSkipped, parseLimit, prepareQuestion, type Question } from './audit-filters.ts'
import { createTable } from './table.ts'

const options = { ...filterOptions, 'oldest-first': { type: 'boolean', default: false } } as const

const TERMINAL_LIMIT = 50

const PAGE_SIZE = 200

interface Printing {
  readonly order: 'newest' | 'oldest'
  readonly limit: number
  /** Printed before the first record. */
  readonly head: string
  readonly toText: (found: FoundRecord) => string
}

/** How many were printed, and whether there are more. */
async function print(
  { index, filter, clearProgress }: Question,
  { order, limit, head, toText }: Printing,
  { write }: AuditContext,
) {
  let shown = 0
  let after: SelectedPage['next']
  do {
    // One more than is shown tells whether there are more.
    const size = Math.min(PAGE_SIZE, limit - shown + 1)
    const { records, next } = await readable(index.select({ filter, order, limit: size, after }))
    const printed = records.slice(0, limit - shown)
    clearProgress()
    const text = printed.map((found) => `${toText(found)}\n`).join('')
    const isRead = printed.length === 0 || (await write(shown === 0 ? head + text : text))
    shown += printed.length
    if (!isRead) break
    if (records.length > printed.length) return { shown, isMore: true }
    after = next
  } while (after !== undefined)
  return { shown, isMore: false }
}

/** The exit code. Throws a Misuse or a CannotCheck. */
export async function runQuery(args: readonly string[], context: AuditContext): Promise<number> {
  const { environment, columns, note } = context
  const given = parseOptions(args, options)
  const limit = parseLimit(given.limit) ?? (columns === undefined ? Infinity : TERMINAL_LIMIT)
  const question = await prepareQuestion(given, context)
  try {
    const filter =
      given.event === undefined ? { ...question.filter, exceptEvents: ['heartbeat'] } : question.filter
    const table = createTable({ columns, isColoured: columns !== undefined && !environment['NO_COLOR'] })
    const printing: Printing = {
      order: given['oldest-first'] ? 'oldest' : 'newest',
      limit,
      head: given.json ? '' : `${table.head}\n`,
      toText: ({ line, record }) => (given.json ? line : table.toRow(record)),
    }
    const { shown, isMore } = await print({ ...question, filter }, printing, context)
    if (shown === 0) {
      await question.checkKeys()
      note('No record matches.\n')
    }
    if (isMore)
      note(`There are more than these ${shown} records. --limit N shows N of them, --limit 0 all.\n`)
    await noteSkipped(question, context)
    return 0
  } finally {
    question.index.close()
  }
}
