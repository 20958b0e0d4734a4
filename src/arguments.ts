/** What was typed behind a command, checked; what was not understood is answered with what there is. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { closest } from './presets/suggestion.ts'

/** A sentence that says what to write instead. It repeats nothing of what was typed, for that could be a secret. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

function explain(args: readonly string[], options: ParseArgsOptionsConfig): Misuse {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const names = Object.keys(options)
  for (const token of tokens) {
    if (token.kind === 'positional') return new Misuse('takes options only, such as --json.')
    if (token.kind !== 'option') continue
    const known = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (known === undefined) {
      const near = closest(token.name, names)
      const hint = near === undefined ? '' : ` Did you mean --${near}?`
      return new Misuse(
        `has no such option.${hint} There are: ${names.map((name) => `--${name}`).join(', ')}.`,
      )
    }
    if (known.type === 'boolean' && token.value !== undefined) {
      return new Misuse(`takes --${token.name} without a value.`)
    }
    // Empty is a variable of the shell that was not set, and would ask for everything, or for nothing.
    if (known.type === 'string' && (!token.value || token.value.startsWith('-'))) {
      return new Misuse(
        `takes --${token.name} with a value; one that begins with - as --${token.name}=VALUE.`,
      )
    }
  }
  return new Misuse('does not take these options.')
}

/** Throws a Misuse. */
export function parseOptions<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false })
    if (Object.values(values).flat().includes('')) throw new TypeError('an option is empty')
    return values
  } catch {
    throw explain(args, options)
  }
}

/** Of both commands. */
export const commonOptions = {
  dir: { type: 'string' },
  'key-file': { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

const unitsMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const instant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** ISO 8601, UTC. Times without a zone are UTC, as in the records. Throws a Misuse. */
export function parseTime(option: string, text: string, now: number): string {
  const [, count, unit = ''] = /^(\d{1,5})([smhdw])$/.exec(text) ?? []
  const [found, time, zone] = instant.exec(text) ?? []
  const ms =
    count === undefined
      ? Date.parse(
          found === undefined || time === undefined || zone !== undefined ? (found ?? '') : `${found}Z`,
        )
      : now - Number(count) * (unitsMs[unit] ?? 0)
  if (Number.isNaN(ms)) {
    throw new Misuse(
      `takes --${option} like 90s, 15m, 1h, 7d or 2w (ago), or as a time in UTC: 2026-11-22 or 2026-11-22T10:00:00Z.`,
    )
  }
  return new Date(ms).toISOString()
}

/** Values of a closed set. Throws a Misuse. */
export function checkMembers(option: string, values: readonly string[], members: readonly string[]): void {
  for (const value of values) {
    if (members.includes(value)) continue
    const near = closest(value, members)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    throw new Misuse(`does not know this --${option}.${hint} There are: ${members.join(', ')}.`)
  }
}
