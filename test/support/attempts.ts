/** Requests with a canary in every place that a caller controls, for every result that they can have. */
import { type Behaviour, malformedVariants } from '../../sandbox/behaviour.ts'
import { CANARY, CLIENT_SECRETS, SESSIONS } from './replies.ts'
import { ORIGIN } from './service.ts'
import { toRequest } from './sockets.ts'
import { signText, toClaims, toToken } from './tokens.ts'

/** In the text of an upstream failure. */
export const UPSTREAM_TEXT = 'Zanzibar refuses org-1234567'

/** Behind the trusted proxy. */
const ADDRESS = '203.0.113.77'

export const attemptPresets = `
presets:
  assistant:
    session:
      type: realtime
      model: gpt-realtime-2.1
      instructions: Speak like a pirate named Xylophanes to {{guest}}.
      audio: { output: { voice: marin } }
    variables: { guest: { max_length: 40, default: nobody } }
    overrides: { audio.output.voice: [cedar] }
  paid:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { claims: { plan: [pro] } }
`

export interface CanaryAttempt {
  readonly name: string
  /** The reply's code, or undefined if the test does not check it. */
  readonly status: number | undefined
  /** The whole request. */
  readonly bytes: string | Buffer
  readonly behaviour: Behaviour
}

const CLIENT = `POST ${CLIENT_SECRETS}?tag=${CANARY}`
const FLAT = `POST ${SESSIONS}`

const canaryHeaders = [
  `User-Agent: ${CANARY}`,
  `Referer: https://evil.example/${CANARY}`,
  `Cookie: session=${CANARY}`,
  `X-Request-Id: ${CANARY}`,
  `X-Client-Request-Id: ${CANARY}`,
  `X-Forwarded-For: ${ADDRESS}`,
  `X-Forwarded-Host: ${CANARY}.example`,
  `Forwarded: for=${ADDRESS}`,
  `Traceparent: ${CANARY}`,
  `X-${CANARY}: ${CANARY}`,
]

interface Parts {
  readonly start?: string
  readonly authorization?: string
  readonly origin?: string | null
  readonly type?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

function toBytes({ start = CLIENT, ...parts }: Parts): string {
  const { origin = ORIGIN, type = 'application/json', headers = [], body = '{"preset":"assistant"}' } = parts
  const { authorization = `Bearer ${CANARY}` } = parts
  const own = [`Authorization: ${authorization}`, `Content-Type: ${type}`]
  const all = [...canaryHeaders, ...headers, ...own]
  if (origin !== null) all.push(`Origin: ${origin}`)
  if (!headers.some((header) => /^(content-length|transfer-encoding):/i.test(header))) {
    all.push(`Content-Length: ${Buffer.byteLength(body)}`)
  }
  return toRequest(start, all, body)
}

const attempt = (
  name: string,
  status: number | undefined,
  parts: Parts = {},
  behaviour: Behaviour = { kind: 'normal' },
): CanaryAttempt => ({ name, status, bytes: toBytes(parts), behaviour })

const toBody = (fields: object): string => JSON.stringify({ preset: 'assistant', ...fields })

/** An attempt at a mint with these fields. */
const withFields = (name: string, status: number, fields: object, start = CLIENT): CanaryAttempt =>
  attempt(name, status, { start, body: toBody(fields) })

const toTwice = (object: object): string => JSON.stringify(object).replace('{', `{"sub":"${CANARY}",`)

const issued: readonly CanaryAttempt[] = [
  attempt('a secret', 200),
  attempt('a secret of the flat route', 200, { start: FLAT }),
  withFields('a secret with a variable', 200, { variables: { guest: CANARY } }),
  withFields('a secret with an override', 200, {
    session: { type: 'realtime', audio: { output: { voice: 'cedar' } } },
  }),
  attempt('a secret beside extra fields', 200, {}, { kind: 'malformed', variant: 'extra-fields' }),
]

const malformed: readonly CanaryAttempt[] = [
  attempt('an unknown path', 404, { start: `POST /v1/${CANARY}` }),
  attempt('an unknown method', 400, { start: `CANARY ${CLIENT_SECRETS}` }),
  attempt('a GET', 405, { start: `GET ${CLIENT_SECRETS}?${CANARY}` }),
  attempt('a known path behind escapes', 404, { start: `POST /%76${CANARY}` }),
  attempt('a PUT', 405, { start: `PUT ${CLIENT_SECRETS}?${CANARY}` }),
  attempt('a URL with a bad escape', 400, { start: `POST /%zz${CANARY}` }),
  attempt('an absolute URL', 400, { start: `POST http://${CANARY}.example${CLIENT_SECRETS}` }),
  attempt('a long header', 431, { headers: [`X-Long: ${CANARY.repeat(3_000)}`] }),
  attempt('a bad header', 400, { headers: [`${CANARY} : ${CANARY}`] }),
  attempt('a header sent twice', 400, { headers: [`Origin: https://${CANARY}.example`] }),
  attempt('an expectation', 417, { headers: [`Expect: ${CANARY}`] }),
  attempt('another media type', 415, { type: `text/${CANARY}` }),
  attempt('another charset', 415, { type: `application/json; charset=${CANARY}` }),
  attempt('a coded body', 415, { headers: [`Content-Encoding: ${CANARY}`] }),
  attempt('a body too large', 413, { body: JSON.stringify(CANARY.repeat(2_000)) }),
  attempt('a body that is not JSON', 400, { body: `{"preset":${CANARY}` }),
  attempt('a word', 400, { body: `"${CANARY}"` }),
  attempt('a list', 400, { body: `["${CANARY}"]` }),
  attempt('a key twice', 400, { body: `{"${CANARY}":1,"${CANARY}":2}` }),
  attempt('a forbidden key', 400, { body: `{"__proto__":"${CANARY}"}` }),
  attempt('a bad chunk', 400, { headers: ['Transfer-Encoding: chunked'], body: `${CANARY}\r\n` }),
  withFields('an unknown field', 400, { [CANARY]: CANARY }),
  withFields('an unknown field of the session', 400, { session: { [CANARY]: CANARY } }),
  withFields('an unknown field’s value', 400, { extra: CANARY }),
  withFields('an unknown field further in', 400, { session: { audio: { [CANARY]: {} } } }),
  withFields('an unknown type', 400, { session: { type: CANARY } }),
  withFields('an ill-typed field', 400, { session: { audio: CANARY } }),
  withFields('an ill-typed expiry', 400, { expires_after: { seconds: CANARY } }),
  withFields('an unknown flat field', 400, { [CANARY]: 1 }, FLAT),
  withFields('a flat tool_choice', 400, { tool_choice: CANARY }, FLAT),
  withFields('a flat secret', 400, { client_secret: { value: CANARY } }, FLAT),
  withFields('a preset of another type', 400, { preset: [CANARY] }),
  attempt('two presets', 400, { start: `POST ${CLIENT_SECRETS}?preset=${CANARY}` }),
  withFields('an undeclared variable', 400, { variables: { [CANARY]: CANARY } }),
  withFields('a bad variable', 400, { variables: { guest: `\n${CANARY}` } }),
  withFields('a long variable', 400, { variables: { guest: CANARY.repeat(9) } }),
]

const refused: readonly CanaryAttempt[] = [
  attempt('another origin', 403, { origin: `https://evil.example/${CANARY}` }),
  attempt('no origin', 403, { origin: null }),
  attempt('a navigation', 403, { headers: [`Sec-Fetch-Mode: ${CANARY}`] }),
  attempt('a preflight from elsewhere', 403, {
    start: `OPTIONS ${CLIENT_SECRETS}`,
    origin: `https://evil.example/${CANARY}`,
    headers: ['Access-Control-Request-Method: POST'],
  }),
  withFields('an unknown preset', 404, { preset: CANARY }),
  attempt('an unknown preset in the query', 404, {
    start: `POST ${CLIENT_SECRETS}?preset=${CANARY}`,
    body: '',
  }),
  withFields('a closed flat field', 403, { instructions: CANARY }, FLAT),
  withFields('a key of metadata', 403, { session: { tracing: { metadata: { [CANARY]: 1 } } } }),
  withFields('a variable of a prompt', 403, {
    session: { prompt: { id: 'p', variables: { [CANARY]: 'x' } } },
  }),
  withFields('a closed field', 403, { session: { type: 'realtime', instructions: CANARY } }),
  withFields('a value outside the rule', 403, {
    session: { type: 'realtime', audio: { output: { voice: CANARY } } },
  }),
  withFields('a raised expiry', 403, { expires_after: { anchor: 'created_at', seconds: 7_200 } }),
]

/** The 429 comes last: a cool-down follows it. */
const failedStatuses = [400, 401, 403, 404, 500, 503] as const

function toUpstreamAttempt(status: number): CanaryAttempt {
  const headers = { 'x-upstream-says': UPSTREAM_TEXT, 'set-cookie': UPSTREAM_TEXT }
  const behaviour = { kind: 'status', status, message: UPSTREAM_TEXT, headers } as const
  return attempt(`upstream’s ${status}`, status === 429 || status >= 500 ? 503 : 502, {}, behaviour)
}

const failed: readonly CanaryAttempt[] = [
  ...failedStatuses.map(toUpstreamAttempt),
  attempt('upstream’s complaint about our key', 502, {}, { kind: 'status', status: 401 }),
  attempt('upstream’s bill', 502, {}, { kind: 'status', status: 429, code: 'insufficient_quota' }),
  ...malformedVariants
    .filter((variant) => variant !== 'extra-fields')
    .map((variant) => attempt(`upstream’s ${variant}`, 502, {}, { kind: 'malformed', variant })),
  attempt('upstream’s reset', 503, {}, { kind: 'reset' }),
  attempt('upstream’s half reply', undefined, {}, { kind: 'truncate' }),
  attempt('upstream’s silence', 504, {}, { kind: 'hang' }),
  attempt('upstream’s silence after its headers', 504, {}, { kind: 'headers-only' }),
  toUpstreamAttempt(429),
]

/** A canary in every place of a token. */
const claims = { sub: `${CANARY}-subject`, jti: CANARY, [CANARY]: CANARY, plan: [CANARY] } as const
const header = { kid: CANARY, [CANARY]: CANARY } as const

const withToken = (name: string, status: number, token: string, parts: Parts = {}): CanaryAttempt =>
  attempt(name, status, { authorization: `Bearer ${token}`, ...parts })

/** For a service with single-use tokens. */
export const tokenAttempts: readonly CanaryAttempt[] = [
  withToken('a token', 200, toToken(claims, header)),
  withToken('a token that was used', 401, toToken(claims, header)),
  withToken('a token without the claims', 404, toToken(claims, header), {
    body: toBody({ preset: 'paid' }),
  }),
  withToken('an expired token', 401, toToken({ ...claims, exp: 1 }, header)),
  withToken('a token from the future', 401, toToken({ ...claims, iat: 9_000_000_000 }, header)),
  withToken('a long-lived token', 401, toToken({ ...claims, exp: 9_000_000_000 }, header)),
  withToken('a token of another issuer', 401, toToken({ ...claims, iss: CANARY }, header)),
  withToken('a token for another audience', 401, toToken({ ...claims, aud: [CANARY] }, header)),
  withToken('a token with a bad claim', 401, toToken({ ...claims, exp: 1, nbf: 9_000_000_000 }, header)),
  withToken('a token of another type', 401, toToken(claims, { ...header, typ: CANARY })),
  withToken('a token of another algorithm', 401, toToken(claims, { ...header, alg: CANARY })),
  withToken('a token with an extension', 401, toToken(claims, { ...header, crit: [CANARY] })),
  withToken('a token with a claim twice', 401, signText('{"alg":"HS256"}', toTwice(toClaims(claims)))),
  withToken('a forged token', 401, signText('{"alg":"HS256"}', JSON.stringify(toClaims(claims)), CANARY)),
  withToken('an invalid token', 401, `${CANARY}.${CANARY}.${CANARY}`),
  withToken('a token too large', 401, toToken({ ...claims, pad: CANARY.repeat(600) }, header)),
  attempt('no token', 401, { authorization: CANARY }),
  attempt('two tokens', 400, { headers: [`Authorization: Bearer ${toToken(claims, header)}`] }),
]

export const canaryAttempts = [...issued, ...malformed, ...refused, ...failed]
