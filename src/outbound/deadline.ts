import { EventEmitter } from 'node:events'

/**
 * Lets `work` have `ms` milliseconds. Resolves with `late` when they are over, whether or not the work heeds the
 * signal: undici does not while it connects. An emitter is the cheapest signal that undici takes.
 */
export function withDeadline<T>(
  ms: number,
  work: (signal: EventEmitter) => Promise<T>,
  late: () => T,
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
