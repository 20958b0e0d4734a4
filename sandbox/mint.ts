// Grants or refuses one minting request as OpenAI does. The secrets open nothing.
import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { Ajv, type ValidateFunction } from 'ajv'
import type { ClientSecretCreateParams } from 'openai/resources/realtime/client-secrets'
import type {
  RealtimeClientEvent,
  RealtimeTranslationClientSecretCreateRequest,
} from 'openai/resources/realtime/realtime'
import { failWith, invalidApiKey } from './failures.ts'
import { parseJson } from './json.ts'
import { type Refusal, refuse, toRefusal } from './refusal.ts'
import { checkFlat, checkRealtime } from './rules.ts'
import { createEventSchema, createSchemas } from './schemas.ts'
import {
  type FlatRequest,
  type SessionEcho,
  toFlatEcho,
  toSessionEcho,
  toTranslationEcho,
} from './session.ts'

export type MintRoute = 'realtime' | 'translation' | 'flat' | 'retired'

/** The accepted key, and the form of requests. */
export interface MintTerms {
  readonly apiKey: string
  readonly validators: Validators
}

export interface MintRequest {
  readonly route: MintRoute
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** `expires_at` in epoch seconds. */
interface ClientSecret {
  readonly value: string
  readonly expires_at: number
}

export interface Grant {
  readonly granted: true
  readonly secret: ClientSecret
  /** What a connection with the secret starts with. Null where the sandbox has no such connections. */
  readonly session: SessionEcho | null
  /** The 200 body with this secret, or with what a malformed reply has instead. */
  readonly toReply: (secret: object) => object
}

export type Verdict = Grant | { readonly granted: false; readonly refusal: Refusal }

type Issue = (seconds: number) => ClientSecret

/** Checks a request in OpenAI's order: key, retired shape, headers, body. `now` in epoch ms. */
export function judge(request: MintRequest, terms: MintTerms, now: number): Verdict {
  const { route, headers, body } = request
  const unknownKey = checkKey(headers, terms)
  if (unknownKey !== undefined) return refused(unknownKey)
  if (route === 'retired') return refused(failWith(400, { code: 'beta_api_shape_disabled' }))
  const refusal = checkBeta(headers, route) ?? checkHeaders(headers)
  if (refusal !== undefined) return refused(refusal)
  const json = isUtf8(body) ? parseJson(body.toString()) : undefined
  if (json === undefined) return refused(refuse(400, null, 'The body of the request is not valid JSON.'))
  const mint = { realtime: mintRealtime, translation: mintTranslation, flat: mintFlat }[route]
  return mint(
    json,
    (seconds) => ({
      value: `ek_sandbox_${randomBytes(16).toString('hex')}`,
      expires_at: Math.floor(now / 1000) + seconds,
    }),
    terms.validators,
  )
}

function refused(refusal: Refusal): Verdict {
  return { granted: false, refusal }
}

const createCompiler = (): Ajv =>
  new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    formats: { url: (text: string) => URL.canParse(text) },
  })

export interface Validators {
  readonly realtime: ValidateFunction<ClientSecretCreateParams>
  readonly translation: ValidateFunction<RealtimeTranslationClientSecretCreateRequest>
  readonly flat: ValidateFunction<FlatRequest>
}

/** Compiles the schemas once for all requests of a sandbox. */
export function createValidators(): Validators {
  const { realtime, translation, flat } = createSchemas()
  const compiler = createCompiler()
  return {
    realtime: compiler.compile<ClientSecretCreateParams>(realtime),
    translation: compiler.compile<RealtimeTranslationClientSecretCreateRequest>(translation),
    flat: compiler.compile<FlatRequest>(flat),
  }
}

/** Judges what a client sends in a connection. */
export const createEventValidator = (): ValidateFunction<RealtimeClientEvent> =>
  createCompiler().compile<RealtimeClientEvent>(createEventSchema())

function mintRealtime(body: unknown, issue: Issue, { realtime }: Validators): Verdict {
  if (!realtime(body)) return refused(toRefusal(realtime.errors ?? []))
  const refusal = checkRealtime(body)
  if (refusal !== undefined) return refused(refusal)
  const { session = { type: 'realtime' }, expires_after } = body
  const echo = toSessionEcho(session)
  return {
    granted: true,
    secret: issue(expires_after?.seconds ?? 600),
    session: echo,
    toReply: (secret) => ({ ...secret, session: echo }),
  }
}

function mintTranslation(body: unknown, issue: Issue, { translation }: Validators): Verdict {
  if (!translation(body)) return refused(toRefusal(translation.errors ?? []))
  const secret = issue(body.expires_after?.seconds ?? 600)
  const echo = toTranslationEcho(body.session, secret.expires_at)
  return { granted: true, secret, session: null, toReply: (given) => ({ ...given, session: echo }) }
}

function mintFlat(body: unknown, issue: Issue, { flat }: Validators): Verdict {
  if (!flat(body)) return refused(toRefusal(flat.errors ?? []))
  const refusal = checkFlat(body)
  if (refusal !== undefined) return refused(refusal)
  const { expires_after, expires_at } = body.client_secret ?? {}
  const echo = toFlatEcho(body)
  return {
    granted: true,
    secret: issue((expires_after ?? expires_at)?.seconds ?? 60),
    session: null,
    toReply: (secret) => ({ ...echo, client_secret: secret }),
  }
}

export const toBearer = ({ authorization = '' }: IncomingHttpHeaders): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization)?.[1]

export function checkKey(
  headers: IncomingHttpHeaders,
  { apiKey }: Pick<MintTerms, 'apiKey'>,
): Refusal | undefined {
  const given = toBearer(headers)
  return given === apiKey ? undefined : invalidApiKey(given)
}

// OpenAI's own SDK sends the second one to the flat endpoint.
const flatBetas: ReadonlySet<unknown> = new Set(['realtime=v1', 'assistants=v2'])

function checkBeta({ 'openai-beta': beta }: IncomingHttpHeaders, route: MintRoute): Refusal | undefined {
  if (beta === undefined || (route === 'flat' && flatBetas.has(beta))) return undefined
  return refuse(400, 'invalid_beta', `Unknown beta requested: '${String(beta)}'.`)
}

function checkHeaders(headers: IncomingHttpHeaders): Refusal | undefined {
  const requestId = String(headers['x-client-request-id'] ?? '')
  if (requestId.length > 512 || /[^\x20-\x7e]/.test(requestId)) {
    return refuse(400, null, 'X-Client-Request-Id must be ASCII and at most 512 characters long.')
  }
  const type = headers['content-type'] ?? ''
  if (/^application\/json *(; *charset="?utf-8"?)?$/i.test(type)) return undefined
  const message = `Unsupported content type: '${type}'. Only 'application/json' is accepted here.`
  return refuse(400, 'unsupported_content_type', message)
}
