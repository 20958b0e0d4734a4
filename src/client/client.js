// The browser client: served as /client.js, and exported as realtime-mint/client. No dependency, no build step.

/** @import { Client, ClientOptions, Environment, Flight, MintFacts, Reply, Secret, Target } from './client-types.ts' */

const MAX_RETRIES = 2
const MAX_RETRY_AFTER_SECONDS = 10

/** Why there is no secret. `code` is the service's, `no_answer` or `unknown`. */
export class MintError extends Error {
  /**
   * @param {string} message
   * @param {MintFacts} facts
   */
  constructor(message, { code, status = 0, requestId = null, retryAfter = null, param = null, cause }) {
    super(message, { cause })
    this.name = 'MintError'
    this.code = code
    this.status = status
    this.requestId = requestId
    this.retryAfter = retryAfter
    this.param = param
  }
}

/**
 * @param {string} text
 * @returns {Reply} Empty if a proxy answers with anything but a JSON object.
 */
function toReply(text) {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

/**
 * @param {Response} response
 * @param {Reply} reply
 */
const toMintError = ({ status, headers }, { error }) =>
  new MintError(error?.message ?? `The service answered ${status} in an unknown form.`, {
    code: error?.code ?? 'unknown',
    status,
    requestId: headers.get('x-request-id'),
    retryAfter: Number(headers.get('retry-after')) || null,
    param: error?.param ?? null,
  })

/** @param {MintError} error */
const isWorthRetrying = ({ status, retryAfter }) =>
  (status === 429 || status === 503) && retryAfter !== null && retryAfter <= MAX_RETRY_AFTER_SECONDS

/**
 * @param {Target} target
 * @param {string} body
 * @param {string | undefined} bearer
 * @param {AbortSignal} signal
 */
async function post({ endpoint, environment }, body, bearer, signal) {
  /** @type {Record<string, string>} */
  const headers = { 'content-type': 'application/json' }
  if (bearer) headers['authorization'] = `Bearer ${bearer}`
  try {
    const init = { method: 'POST', headers, body, signal }
    const response = await environment.fetch(endpoint, { ...init, credentials: 'omit' })
    return { response, reply: toReply(await response.text()) }
  } catch (cause) {
    const origin = environment.location?.origin ?? 'this origin'
    throw new MintError(
      `No answer from ${endpoint}. Check url (without /v1), that the service is reachable, and that its ALLOWED_ORIGINS lists ${origin}.`,
      { code: 'no_answer', cause },
    )
  }
}

/**
 * @param {Target} target
 * @param {string} body
 * @param {AbortSignal} signal
 * @returns {Promise<Secret>}
 */
async function mint(target, body, signal) {
  const { token, environment } = target
  const toBearer = async () => (typeof token === 'function' ? token() : token)
  let bearer = await toBearer()
  let mayRenew = typeof token === 'function'
  for (let retries = 0; ; ) {
    const { response, reply } = await post(target, body, bearer, signal)
    const { value, expires_at: expiresAt } = reply
    if (response.ok && value && expiresAt) return { value, expiresAt }
    const error = toMintError(response, reply)
    if (error.status === 401 && mayRenew) {
      mayRenew = false
      bearer = await toBearer()
    } else if (retries < MAX_RETRIES && isWorthRetrying(error)) {
      retries += 1
      const ms = Number(error.retryAfter) * 1000
      await new Promise((resolve) => environment.setTimeout(() => resolve(0), ms))
    } else throw error
  }
}

/**
 * Caches nothing. Simultaneous calls for the same thing share one request.
 * @param {ClientOptions} options
 * @param {Environment} [environment]
 * @returns {Client}
 */
export function createClient({ url, preset, token }, environment = globalThis) {
  if (!url) throw new TypeError('createClient needs a url.')
  const target = { endpoint: `${url.replace(/\/+$/, '')}/v1/realtime/client_secrets`, token, environment }
  /** @type {Map<string, Flight>} */
  const flights = new Map()

  /** @param {string} body */
  function join(body) {
    const running = flights.get(body)
    if (running) return running
    const controller = new AbortController()
    const end = () => controller.abort()
    controller.signal.addEventListener('abort', () => flights.delete(body))
    const flight = { callers: 0, secret: mint(target, body, controller.signal), over: controller.signal, end }
    flight.secret.then(end, end)
    flights.set(body, flight)
    return flight
  }

  /** @type {Client['secret']} */
  async function secret({ signal, variables, session } = {}) {
    signal?.throwIfAborted()
    const flight = join(JSON.stringify({ preset, variables, session }))
    flight.callers += 1
    return new Promise((resolve, reject) => {
      flight.secret.then(resolve, reject)
      const leave = () => {
        reject(signal?.reason)
        flight.callers -= 1
        // Later: StrictMode of React unmounts a component and mounts it again at once.
        environment.setTimeout(() => flight.callers || flight.end(), 0)
      }
      signal?.addEventListener('abort', leave, { signal: flight.over })
    })
  }

  return { secret, apiKey: async () => (await secret()).value }
}
