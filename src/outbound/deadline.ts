import { EventEmitter } from 'node:events'

/**
 * Resolves with `late` after `ms`, even if `work` ignores the abort signal, as undici does while it connects. An
 * emitter is cheaper than an AbortSignal.
 */
export function withDeadline<T>(
  ms: number,
  work: (signal: EventEmitter) => Promise<T>,
  late: () => T | Promise<T>,
): Promise<T> {
  const signal = new EventEmitter()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(late())
      signal.emit('abort')
    }, ms)
    work(signal)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
