/** What the admin listener refuses, and what it says. The envelope is that of the public listener. */
import type { z } from 'zod'
import { toType } from '../errors.ts'
import { MAX_NOTE_LENGTH } from '../pauses/pause.ts'

interface AdminErrorRow {
  readonly status: number
  readonly code: string
  readonly message: string
}

const row = (status: number, code: string, message: string): AdminErrorRow => ({ status, code, message })

const invalid = (message: string, status = 400): AdminErrorRow => row(status, 'invalid_request', message)

const rows = {
  host: invalid('This host name is not served. Ask localhost or a loopback address.', 421),
  cross_site: row(403, 'origin_not_allowed', 'Pages of other origins may not send this request.'),
  token: row(
    401,
    'unauthenticated',
    'The token is missing or wrong. Send ADMIN_TOKEN as Bearer, or as the password of HTTP Basic.',
  ),
  guesses: row(
    429,
    'rate_limited',
    'Too many wrong tokens from this address. Try again after the seconds in Retry-After.',
  ),
  requests: row(
    429,
    'rate_limited',
    'Too many requests from this address. Try again after the seconds in Retry-After.',
  ),
  writes_disabled: row(
    403,
    'writes_disabled',
    'Writes need a token, and none is set. Set ADMIN_TOKEN_FILE and start the service again.',
  ),
  query: invalid('The query parameter in param has an invalid value.'),
  query_unknown: invalid('The URL has a query parameter that does not exist. Take it out.'),
  span: invalid('since must be before until, by at most 400 days.'),
  field: invalid('The field in param has an invalid value.'),
  field_unknown: invalid('The body has a field that does not exist. Take it out.'),
  scope: invalid(
    'Name one scope: preset, origin, caller, or all. DELETE takes it in the URL, such as ?all=true.',
  ),
  preset: invalid('The presets file has no such preset.'),
  origin: invalid('ALLOWED_ORIGINS does not list this origin.'),
  caller: invalid(
    'This may be the beginning of a pseudonym. Give all 32 digits: each record of the caller has them.',
  ),
  not_paused: row(
    404,
    'not_paused',
    'There is no pause of this scope. GET /api/pauses lists those in effect.',
  ),
  too_many_pauses: row(409, 'too_many_pauses', 'There are 100 pauses. Resume some of them, or pause all.'),
  audit_unreadable: row(503, 'audit_unreadable', 'The audit cannot be read. The log says why.'),
  index_restarts: row(
    503,
    'index_unavailable',
    'The index of the audit ended, and starts again. Try again after the seconds in Retry-After.',
  ),
  index_busy: row(
    503,
    'index_unavailable',
    'Too many questions wait for the index of the audit. Try again after the seconds in Retry-After.',
  ),
  streams: row(
    503,
    'too_many_streams',
    'Too many pages listen to /api/live. Try again after Retry-After, or ask /api/state.',
  ),
  route: invalid('This path does not exist.', 404),
  method: invalid('Use a method that the Allow header lists.', 405),
} as const satisfies Record<string, AdminErrorRow>

export type AdminErrorName = keyof typeof rows

export const adminErrors: Readonly<Record<AdminErrorName, AdminErrorRow>> = rows

export interface AdminErrorDetails {
  readonly headers?: Readonly<Record<string, string>>
  /** The query parameter or field that is wrong. */
  readonly param?: string
  /** A sentence of our own that follows the message. */
  readonly help?: string
}

/** Decides the reply to a refused request. */
export class AdminError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>
  readonly param: string | null

  constructor(name: AdminErrorName, { headers = {}, param, help }: AdminErrorDetails = {}) {
    super(help === undefined ? rows[name].message : `${rows[name].message} ${help}`)
    this.name = 'AdminError'
    this.status = rows[name].status
    this.code = rows[name].code
    this.headers = headers
    this.param = param ?? null
  }

  toEnvelope(requestId: string): string {
    const { message, code, status, param } = this
    return JSON.stringify({
      error: { message, type: toType(status), code, param, request_id: requestId },
    })
  }
}

const TIME = 'Write it like 15m, 1h or 7d (ago), or as a time in UTC: 2026-11-22T10:00:00Z.'

/** What to write, for the parameters and fields whose form is not obvious. */
const forms: ReadonlyMap<string, string> = new Map([
  ['since', TIME],
  ['until', TIME],
  ['for', 'Write it like 15m, 1h or 7d, up to a year.'],
  ['note', `Write one line of up to ${MAX_NOTE_LENGTH} printable characters.`],
])

/** Names the parameter or field that has an invalid value. */
export function toInvalidValue(kind: 'field' | 'query', param: string): AdminError {
  const help = forms.get(param)
  return new AdminError(kind, help === undefined ? { param } : { param, help })
}

/** Throws an AdminError that names the parameter or field. One that does not exist is not repeated: the others are named. */
export function parse<Type extends z.ZodObject>(
  schema: Type,
  given: unknown,
  kind: 'field' | 'query',
): z.infer<Type> {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue?.code !== 'unrecognized_keys') throw toInvalidValue(kind, String(issue?.path[0] ?? ''))
  throw new AdminError(`${kind}_unknown`, { help: `These exist: ${Object.keys(schema.shape).join(', ')}.` })
}
