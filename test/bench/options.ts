import { parseArgs } from 'node:util'

export interface Options {
  readonly rounds: number
  /** Per round and server. */
  readonly requests: number
  /** Undefined if the command line has none. */
  readonly connections: number | undefined
  /** Whether the figures go to docs/performance.md. */
  readonly write: boolean
}

/** Options of the command line override `defaults`. */
export function parseOptions(defaults: Pick<Options, 'rounds' | 'requests'>): Options {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      requests: { type: 'string' },
      connections: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  })
  const { connections } = values
  return {
    rounds: parseCount('rounds', values.rounds, defaults.rounds),
    requests: parseCount('requests', values.requests, defaults.requests),
    connections: connections === undefined ? undefined : parseCount('connections', connections, 0),
    write: values.write,
  }
}

/** The number given on the command line, or `usual`. Throws if the argument is not a number. */
export function parseCount(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} must be a whole number from 1 to 999999`)
  return Number(text)
}

export const toMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Runs a program. An error ends it with its message alone. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    console.error(toMessage(error))
    process.exitCode = 1
  }
}

export const runOnLinux = (main: () => Promise<void>): Promise<void> =>
  run(async () => {
    if (process.platform !== 'linux')
      throw new Error('this needs Linux: it reads CPU time and memory from /proc')
    await main()
  })
