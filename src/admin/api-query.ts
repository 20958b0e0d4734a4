/** The query of a request for the page's data: the filters of `audit query`, as parameters. */
import { z } from 'zod'
import { isFileName } from '../audit/format.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { closedSets, isPseudonym, parseAddress, toRecordFilter } from '../audit-reader/filters.ts'
import type { Cursor, RecordFilter } from '../audit-reader/index-query.ts'
import { parseInstant } from '../audit-reader/instant.ts'
import { AdminError, parse, toInvalidValue } from './admin-error.ts'

const MAX_ALTERNATIVES = 20
const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50
const MAX_SPAN_MS = 400 * 86_400_000
const DEFAULT_SINCE = '1h'
const ANY_EVENT = 'any'

/** A parameter may be repeated. */
const many = <Item extends z.ZodType>(item: Item) =>
  z
    .preprocess(
      (value) => (Array.isArray(value) ? value : [value]),
      z.array(item).min(1).max(MAX_ALTERNATIVES),
    )
    .optional()

const name = z.string().min(1).max(256)

const cursor = z
  .string()
  .transform((text) => /^(\d{1,15})\/([^/]{1,100})\/(\d{1,15})$/.exec(text) ?? [])
  .refine(([, , file = '']) => isFileName(file))
  .transform(([, time, file = '', offset]): Cursor => ({ time: Number(time), file, offset: Number(offset) }))

export const attemptsQuery = z.strictObject({
  since: name.optional(),
  until: name.optional(),
  outcome: many(z.enum(closedSets.outcome)),
  code: many(name.refine((text) => closedSets.code.includes(text))),
  reason: many(name.refine((text) => closedSets.reason.includes(text))),
  /** `any`: also records that are not attempts. */
  event: many(z.enum([...closedSets.event, ANY_EVENT])),
  status: many(
    z
      .string()
      .regex(/^[1-5]\d\d$/)
      .transform(Number),
  ),
  preset: many(name),
  origin: many(name),
  caller: many(name),
  address: many(name.refine((text) => isPseudonym(text) || parseAddress(text) !== undefined)),
  /** A fingerprint: the secret itself would stay in histories and logs. */
  secret: many(name.refine(isPseudonym)),
  request_id: many(name),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
  cursor: cursor.optional(),
})

export interface ParsedQuery {
  readonly filter: RecordFilter
  readonly limit: number
  readonly after: Cursor | undefined
}

/** The events of attempts, unless others are asked for. */
const defaultEvents = ['attempt', 'refusals'] as const

/** Throws an AdminError. */
function toInstant(param: 'since' | 'until', text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ms = parseInstant(text, now)
  if (ms === undefined) throw toInvalidValue('query', param)
  return ms
}

export interface QueryContext {
  readonly auditKeys: AuditKeys
  /** Unix milliseconds. */
  readonly now: number
}

/** Throws an AdminError. */
export function parseAttemptsQuery(query: unknown, { auditKeys, now }: QueryContext): ParsedQuery {
  const given = parse(attemptsQuery, query, 'query')
  const { caller, address, secret, request_id: requestId, limit, cursor: after } = given
  const { outcome, code, reason, status, preset, origin, event: events = defaultEvents } = given
  const event = events.some((one) => one === ANY_EVENT) ? undefined : events
  const wanted = {
    since: toInstant('since', given.since, now),
    until: toInstant('until', given.until, now),
    kind: { outcome, code, reason, status, preset, origin, event },
    caller,
    address,
    secret,
    requestId,
  }
  return { limit, after, filter: toRecordFilter(wanted, [auditKeys]) }
}

export interface ParsedSpan {
  readonly filter: RecordFilter
  readonly since: number
  readonly until: number
}

/** The same parameters; without a span, the last hour. Throws an AdminError. */
export function parseSummaryQuery(query: unknown, context: QueryContext): ParsedSpan {
  const { filter } = parseAttemptsQuery(query, context)
  const until = filter.until ?? context.now
  const since = filter.since ?? parseInstant(DEFAULT_SINCE, until) ?? until
  if (since >= until || until - since > MAX_SPAN_MS) throw new AdminError('span', { param: 'since' })
  return { filter, since, until }
}
