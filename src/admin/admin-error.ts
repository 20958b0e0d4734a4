/** What the admin listener refuses, and what it says. The envelope is that of the public listener. */
import { toType } from '../errors.ts'

interface AdminErrorRow {
  readonly status: number
  readonly code: string
  readonly message: string
}

const rows = {
  host: {
    status: 421,
    code: 'invalid_request',
    message: 'This host name is not served. Ask localhost or a loopback address.',
  },
  cross_site: {
    status: 403,
    code: 'origin_not_allowed',
    message: 'Pages of other origins may not send this request.',
  },
  token: {
    status: 401,
    code: 'unauthenticated',
    message: 'The token is missing or wrong. Send ADMIN_TOKEN as Bearer, or as the password of HTTP Basic.',
  },
  guesses: {
    status: 429,
    code: 'rate_limited',
    message: 'Too many wrong tokens from this address. Try again after Retry-After.',
  },
  requests: {
    status: 429,
    code: 'rate_limited',
    message: 'Too many requests from this address. Try again after Retry-After.',
  },
  writes_disabled: {
    status: 403,
    code: 'writes_disabled',
    message: 'Writes need a token, and none is set. Set ADMIN_TOKEN_FILE and start the service again.',
  },
  route: { status: 404, code: 'invalid_request', message: 'This path does not exist.' },
  method: { status: 405, code: 'invalid_request', message: 'Use a method that the Allow header lists.' },
} as const satisfies Record<string, AdminErrorRow>

/** Decides the reply to a refused request. */
export class AdminError extends Error {
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(row: keyof typeof rows, headers: Readonly<Record<string, string>> = {}) {
    super(rows[row].message)
    this.name = 'AdminError'
    this.status = rows[row].status
    this.code = rows[row].code
    this.headers = headers
  }

  toEnvelope(requestId: string): string {
    const { message, code, status } = this
    return JSON.stringify({
      error: { message, type: toType(status), code, param: null, request_id: requestId },
    })
  }
}
