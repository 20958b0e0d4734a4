/** `realtime-mint audit query`: what happened, to which caller, and which attempt issued this secret? */
import type { FoundRecord, SelectedPage } from '../audit-reader/audit-index.ts'
import type { Page } from '../audit-reader/index-query.ts'
import { parseArguments } from './arguments.ts'
import { askIndex, filterOptions, parseLimit, type Question } from './audit-filters.ts'
import type { Command, CommandContext } from './command.ts'
import { createTable } from './record-table.ts'

const options = { ...filterOptions, 'oldest-first': { type: 'boolean', default: false } } as const

const TERMINAL_LIMIT = 50

const PAGE_SIZE = 200

interface Printing extends Question, Pick<Page, 'order' | 'limit'>, Pick<CommandContext, 'write'> {
  /** Printed before the first record. */
  readonly head: string
  readonly toText: (found: FoundRecord) => string
}

/** How many were printed, and whether there are more. */
async function print({ index, filter, clearProgress, order, limit, head, toText, write }: Printing) {
  let shown = 0
  let after: SelectedPage['next']
  do {
    // One more than is shown tells whether there are more.
    const size = Math.min(PAGE_SIZE, limit - shown + 1)
    const { records, next } = await index.select({ filter, order, limit: size, after })
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

/** `realtime-mint audit query` */
export const runQuery: Command = async (args, context) => {
  const { environment, columns, note, write } = context
  const { values: given, operand } = parseArguments(args, options, { maxOperands: 1 })
  const limit = parseLimit(given.limit) ?? (columns === undefined ? Infinity : TERMINAL_LIMIT)
  async function answer(question: Question): Promise<number> {
    const exceptEvents = given.event === undefined ? ['heartbeat'] : undefined
    const table = createTable({ columns, isColoured: columns !== undefined && !environment['NO_COLOR'] })
    const { shown, isMore } = await print({
      ...question,
      filter: { ...question.filter, exceptEvents },
      order: given['oldest-first'] ? 'oldest' : 'newest',
      limit,
      head: given.json ? '' : `${table.head}\n`,
      toText: ({ line, record }) => (given.json ? line : table.toRow(record)),
      write,
    })
    if (isMore)
      note(`There are more than these ${shown} records. --limit N shows N of them, --limit 0 all.\n`)
    return shown
  }
  return askIndex(given, context, { operand, nothing: 'No record matches.\n', answer })
}
