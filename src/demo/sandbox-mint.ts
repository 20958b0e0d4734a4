// One minting request judged as OpenAI would judge it: granted with a secret that opens nothing, or refused.
import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { failWith, invalidApiKey } from './sandbox-failures.ts'
import { type Refusal, refuse, toRefusal } from './sandbox-refusal.ts'
import { clientSecretRequest, translationSecretRequest } from './sandbox-schema.ts'
import { type SessionEcho, toSessionEcho, toTranslationEcho } from './sandbox-session.ts'

export type MintRoute = 'realtime' | 'translation' | 'retired'

export interface MintRequest {
  readonly route: MintRoute
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** OpenAI's 200 body; `expires_at` in epoch seconds. */
export interface MintReply {
  readonly value: string
  readonly expires_at: number
  readonly session: SessionEcho
}

export type Verdict =
  | { readonly granted: true; readonly reply: MintReply }
  | { readonly granted: false; readonly refusal: Refusal }

/** Judges a request, in OpenAI's order: key, retired shape, headers, then the body. `now` in epoch ms. */
export function judge(request: MintRequest, apiKey: string, now: number): Verdict {
  const { route, headers, body } = request
  const refusal = checkKey(headers, apiKey) ?? checkRetired(route) ?? checkHeaders(headers)
  if (refusal !== undefined) return { granted: false, refusal }
  const json = parseJson(body)
  if (json === undefined) {
    return { granted: false, refusal: refuse(400, null, 'The body of the request is not valid JSON.') }
  }
  return route === 'translation' ? mintTranslation(json.value, now) : mintRealtime(json.value, now)
}

function mintRealtime(body: unknown, now: number): Verdict {
  const parsed = clientSecretRequest.safeParse(body, { reportInput: true })
  if (!parsed.success) return { granted: false, refusal: toRefusal(parsed.error.issues) }
  const { session = { type: 'realtime' }, expires_after } = parsed.data
  return grant(toExpiry(now, expires_after?.seconds), toSessionEcho(session))
}

function mintTranslation(body: unknown, now: number): Verdict {
  const parsed = translationSecretRequest.safeParse(body, { reportInput: true })
  if (!parsed.success) return { granted: false, refusal: toRefusal(parsed.error.issues) }
  const expiresAt = toExpiry(now, parsed.data.expires_after?.seconds)
  return grant(expiresAt, toTranslationEcho(parsed.data.session, expiresAt))
}

function grant(expiresAt: number, session: SessionEcho): Verdict {
  const value = `ek_sandbox_${randomBytes(16).toString('hex')}`
  return { granted: true, reply: { value, expires_at: expiresAt, session } }
}

function toExpiry(now: number, seconds = 600): number {
  return Math.floor(now / 1000) + seconds
}

function checkKey({ authorization }: IncomingHttpHeaders, apiKey: string): Refusal | undefined {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return given === apiKey ? undefined : invalidApiKey(given)
}

function checkRetired(route: MintRoute): Refusal | undefined {
  return route === 'retired' ? failWith(400, { code: 'beta_api_shape_disabled' }) : undefined
}

function checkHeaders(headers: IncomingHttpHeaders): Refusal | undefined {
  const beta = headers['openai-beta']
  if (beta !== undefined) return refuse(400, 'invalid_beta', `Unknown beta requested: '${String(beta)}'.`)
  const requestId = String(headers['x-client-request-id'] ?? '')
  if (requestId.length > 512 || /[^\x20-\x7e]/.test(requestId)) {
    return refuse(400, null, 'X-Client-Request-Id must be ASCII and at most 512 characters long.')
  }
  const type = headers['content-type'] ?? ''
  if (/^application\/json *(; *charset="?utf-8"?)?$/i.test(type)) return undefined
  const message = `Unsupported content type: '${type}'. Only 'application/json' is accepted here.`
  return refuse(400, 'unsupported_content_type', message)
}

function parseJson(body: Buffer): { readonly value: unknown } | undefined {
  if (!isUtf8(body)) return undefined
  try {
    return { value: JSON.parse(body.toString()) }
  } catch {
    return undefined
  }
}
