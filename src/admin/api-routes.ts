/** `/api/attempts`, as JSON and as CSV, and `/api/summary`: what the audit says. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import type { AuditKeys } from '../audit/keys.ts'
import { type ParsedQuery, parseAttemptsQuery, parseSummaryQuery } from './api-query.ts'
import type { RecordIndex } from './record-index.ts'

export interface ApiOptions {
  readonly index: RecordIndex
  readonly auditKeys: AuditKeys
  /** Milliseconds. */
  readonly unixNow: () => number
}

const JSON_TYPE = 'application/json; charset=utf-8'

const CSV_PAGE = 1_000
/** More than a spreadsheet is good for; `audit query` has no bound. */
const MAX_CSV_PAGES = 100

/** The pages after the first one, each read when the client has taken the one before. */
async function* toCsvPages(index: RecordIndex, { filter, after }: ParsedQuery): AsyncGenerator<string> {
  let next = after
  for (let page = 0; page < MAX_CSV_PAGES; page += 1) {
    const answer = await index.ask({ kind: 'csv', filter, limit: CSV_PAGE, after: next })
    yield answer.text
    if (answer.next === undefined) return
    next = answer.next
  }
}

export function apiRoutes(app: FastifyInstance, { index, auditKeys, unixNow }: ApiOptions): void {
  app.get('/api/attempts', async ({ query }, reply) => {
    const parsed = parseAttemptsQuery(query, { auditKeys, now: unixNow() })
    const { text } = await index.ask({ kind: 'attempts', ...parsed })
    return reply.type(JSON_TYPE).send(text)
  })

  app.get('/api/attempts.csv', async ({ query }, reply) => {
    const parsed = parseAttemptsQuery(query, { auditKeys, now: unixNow() })
    const name = `attempts-${new Date(unixNow()).toISOString().slice(0, 19).replaceAll(':', '')}Z.csv`
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Readable.from(toCsvPages(index, parsed)))
  })

  app.get('/api/summary', async ({ query }, reply) => {
    const span = parseSummaryQuery(query, { auditKeys, now: unixNow() })
    const { text } = await index.ask({ kind: 'summary', ...span })
    return reply.type(JSON_TYPE).send(text)
  })
}
