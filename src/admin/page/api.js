/** Asks the listener. */

/**
 * @typedef {import('../api-schemas.ts').Summary} Summary
 * @typedef {import('../api-schemas.ts').AttemptsReply} Attempts
 * @typedef {import('../api-schemas.ts').StateReply} State
 * @typedef {import('../api-schemas.ts').StoredReply} Stored
 * @typedef {Attempts['records'][number]} Found
 * @typedef {State['pauses'][number]} Pause
 */

/** A reply that is not the data: what the listener says about it. */
export class RefusedError extends Error {
  /** @param {string} message @param {string | null} param */
  constructor(message, param) {
    super(message)
    this.name = 'RefusedError'
    this.param = param
  }
}

/** What the operator reads. @param {unknown} error */
export const describe = (error) =>
  error instanceof RefusedError ? error.message : 'The service does not answer.'

/** @param {Response} reply */
async function toRefusal(reply) {
  try {
    const { error } = await reply.json()
    return new RefusedError(String(error.message), error.param === null ? null : String(error.param))
  } catch {
    return new RefusedError(`The listener answered ${reply.status}.`, null)
  }
}

/** @param {string} path @param {AbortSignal} signal */
async function ask(path, signal) {
  const reply = await fetch(path, { signal, headers: { accept: 'application/json' } })
  if (!reply.ok) throw await toRefusal(reply)
  return reply.json()
}

/** The operator may have to find the token first. */
const CHANGE_MS = 300_000

/**
 * Asks for a change. The browser asks for the token, and sends it again. Returns what the operator should know.
 *
 * @param {string} path
 * @param {{ method: 'POST', body: string } | { method: 'DELETE' }} request
 */
async function change(path, request) {
  const reply = await fetch(path, {
    ...request,
    headers: { 'content-type': 'application/json' },
    signal: AbortSignal.timeout(CHANGE_MS),
  })
  if (!reply.ok) throw await toRefusal(reply)
  return toWarning(await reply.json())
}

/** @param {Stored} stored */
function toWarning({ survives_restart: isKept, reaches_replicas: isShared }) {
  return [
    isKept ? [] : ['AUDIT_DIR does not take the change: it ends with this process. The log says why.'],
    isShared === false ? ['Redis is away: other replicas apply the change when it is back.'] : [],
  ]
    .flat()
    .join(' ')
}

/** @param {{ scope: Pause['scope'], value: string | null, for: string, note: string }} wanted */
export const askToPause = ({ scope, value, for: duration, note }) =>
  change('api/pauses', {
    method: 'POST',
    body: JSON.stringify({
      [scope]: value ?? true,
      ...(duration === '' ? {} : { for: duration }),
      ...(note === '' ? {} : { note }),
    }),
  })

/** @param {Pick<Pause, 'scope' | 'value'>} pause */
export const askToResume = ({ scope, value }) =>
  change(`api/pauses?${new URLSearchParams({ [scope]: value ?? 'true' })}`, { method: 'DELETE' })

/** @param {AbortSignal} signal @returns {Promise<State>} */
export const askState = (signal) => ask('api/state', signal)

/** @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Summary>} */
export const askSummary = (query, signal) => ask(`api/summary?${query}`, signal)

/** @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Attempts>} */
export const askAttempts = (query, signal) => ask(`api/attempts?${query}`, signal)
