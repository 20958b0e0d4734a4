import { parseArgs } from 'node:util'

export interface Options {
  readonly rounds: number
  /** Per round and server. */
  readonly requests: number
  readonly connections: number
}

/** Options of the command line override `defaults`. */
export function parseOptions(defaults: Options): Options {
  const { values } = parseArgs({
    options: { rounds: { type: 'string' }, requests: { type: 'string' }, connections: { type: 'string' } },
  })
  return {
    rounds: parseCount('rounds', values.rounds, defaults.rounds),
    requests: parseCount('requests', values.requests, defaults.requests),
    connections: parseCount('connections', values.connections, defaults.connections),
  }
}

/** The number given on the command line, or `usual`. Throws if the argument is not a number. */
export function parseCount(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} must be a whole number from 1 to 999999`)
  return Number(text)
}

export function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
