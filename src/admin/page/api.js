/** Asks the listener. */

/**
 * @typedef {import('../api-schemas.ts').Summary} Summary
 * @typedef {import('../api-schemas.ts').AttemptsReply} Attempts
 * @typedef {import('../api-schemas.ts').StateReply} State
 * @typedef {Attempts['records'][number]} Found
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

/** @param {AbortSignal} signal @returns {Promise<State>} */
export const askState = (signal) => ask('api/state', signal)

/** @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Summary>} */
export const askSummary = (query, signal) => ask(`api/summary?${query}`, signal)

/** @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<Attempts>} */
export const askAttempts = (query, signal) => ask(`api/attempts?${query}`, signal)
