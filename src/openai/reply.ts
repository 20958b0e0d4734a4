/** Whether a 200 is a client secret. */

import { ServiceError } from '../errors.ts'
import { isObject, parseJson } from '../json.ts'
import type { Reason } from '../reasons.ts'
import { Secret } from '../secret.ts'
import { hasPartOfKey } from './key-parts.ts'
import { toKnownCode, toKnownParam } from './refusal.ts'
import type { SessionEcho } from './session-echo.ts'

export interface ClientSecret {
  readonly value: Secret
  /** Unix seconds. */
  readonly expiresAt: number
}

export interface ReplyExpectation {
  readonly apiKey: Secret
  /** What a secret starts with; '' for anything. */
  readonly prefix: string
  /** The flat endpoint nests the secret. */
  readonly flat: boolean
  readonly requestedSeconds: number
  /** Upstream's clock if it sends one, else ours; milliseconds since 1970. */
  readonly nowMs: number
  readonly isOwnSession: (echo: SessionEcho) => boolean
}

/** After the prefix. */
const secretPattern = /^[\x21-\x7e]{1,4093}$/

/** How much later than requested an expiry may be: clocks differ and round. */
const SLACK_SECONDS = 30

function checkValue(value: unknown, { apiKey, prefix }: ReplyExpectation): Reason | undefined {
  if (typeof value !== 'string') return 'upstream_no_secret'
  if (hasPartOfKey(apiKey.reveal(), value)) return 'upstream_echoes_key'
  const isSecret = value.startsWith(prefix) && secretPattern.test(value.slice(prefix.length))
  return isSecret ? undefined : 'upstream_no_secret'
}

const isExpiry = (value: unknown, { requestedSeconds, nowMs }: ReplyExpectation): value is number => {
  if (typeof value !== 'number' || !Number.isInteger(value)) return false
  const leftSeconds = value - nowMs / 1000
  return leftSeconds > 0 && leftSeconds <= requestedSeconds + SLACK_SECONDS
}

/** The flat endpoint has the session's fields next to the secret, and no type. */
function toEcho(reply: unknown, { flat }: ReplyExpectation): SessionEcho {
  const found = flat || !isObject(reply) ? reply : reply['session']
  const session = isObject(found) ? found : {}
  return {
    type: flat ? null : session['type'],
    model: session['model'],
    instructions: session['instructions'],
  }
}

/** Discards everything else in the reply. Throws a ServiceError that keeps nothing of it. */
export function parseClientSecret(text: string, expected: ReplyExpectation): ClientSecret {
  const reply = parseJson(text)
  if (reply === undefined) throw new ServiceError('upstream_not_json')
  const holder = expected.flat && isObject(reply) ? reply['client_secret'] : reply
  if (!isObject(holder)) throw new ServiceError('upstream_no_secret')
  const { value, expires_at: expiresAt } = holder
  const fault = checkValue(value, expected)
  if (fault !== undefined || typeof value !== 'string') throw new ServiceError(fault ?? 'upstream_no_secret')
  if (!isExpiry(expiresAt, expected)) throw new ServiceError('upstream_expiry')
  if (!expected.isOwnSession(toEcho(reply, expected))) throw new ServiceError('upstream_other_session')
  return { value: new Secret(value), expiresAt }
}

/** What an error body may tell operators. */
export interface ErrorFacts {
  readonly code: string | null
  readonly param: string | null
}

export const noErrorFacts: ErrorFacts = { code: null, param: null }

/** The known parts of `error` in an error body. Its `type` counts if its `code` is unknown. */
export function parseErrorFacts(text: string): ErrorFacts {
  const reply = parseJson(text)
  const error = isObject(reply) ? reply['error'] : undefined
  if (!isObject(error)) return noErrorFacts
  return { code: toKnownCode([error['code'], error['type']]), param: toKnownParam(error['param']) }
}
