/** Names refused origins in the log: an unlisted origin is the most common mistake, and a page cannot see it. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { attemptOf } from './attempt-of.ts'

export interface RefusedOriginsOptions {
  readonly logger: Logger
  /** Monotonic milliseconds. */
  readonly now: () => number
}

const HOUR_MS = 3_600_000
const MAX_PER_HOUR = 100
const MAX_LENGTH = 200

const ADVICE = 'if it is yours, add it to ALLOWED_ORIGINS'
/** ALLOWED_ORIGINS does not take null with AUTH_MODE=none. */
const ADVICE_FOR_NULL =
  'it comes from a file or a sandboxed frame: serve the page from an http or https address'

/** `null`, or a scheme with a host, in printable ASCII. */
const originPattern = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\"<>]+)$/i
const printable = /^[\x21-\x7e]+$/

const isPrintableOrigin = (text: string): boolean =>
  text.length <= MAX_LENGTH && printable.test(text) && originPattern.test(text)

/** Logs each origin at most once an hour, and at most 100 origins an hour. */
export function warnOfRefusedOrigins(app: FastifyInstance, { logger, now }: RefusedOriginsOptions): void {
  const loggedAtMs = new Map<string, number>()

  function forgetOld(nowMs: number): void {
    for (const [origin, atMs] of loggedAtMs) if (nowMs - atMs >= HOUR_MS) loggedAtMs.delete(origin)
  }

  function warn(origin: string): void {
    if (!isPrintableOrigin(origin)) return
    const nowMs = now()
    forgetOld(nowMs)
    if (loggedAtMs.has(origin) || loggedAtMs.size >= MAX_PER_HOUR) return
    loggedAtMs.set(origin, nowMs)
    logger.warn({ origin }, `origin refused: ${origin === 'null' ? ADVICE_FOR_NULL : ADVICE}`)
  }

  app.addHook('onSend', (request, _reply, payload, done) => {
    const { origin } = request.headers
    if (origin !== undefined && attemptOf(request).failure?.reason === 'origin_unlisted') warn(origin)
    done(null, payload)
  })
}
