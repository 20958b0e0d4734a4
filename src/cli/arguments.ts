/** What was typed behind a command, checked; what was not understood is answered with what there is. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { closest } from '../presets/suggestion.ts'

/** A sentence that says what to write instead. It repeats nothing of what was typed, for that could be a secret. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

function findMisuse(args: readonly string[], options: ParseArgsOptionsConfig): Misuse | undefined {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const names = Object.keys(options)
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'positional') return new Misuse('takes options only, such as --json.')
    if (token.kind !== 'option') continue
    const { name, value, inlineValue } = token
    const known = Object.hasOwn(options, name) ? options[name] : undefined
    if (known === undefined) {
      const near = closest(name, names)
      const hint = near === undefined ? '' : ` Did you mean --${near}?`
      return new Misuse(`has no such option.${hint} There are: ${names.map((one) => `--${one}`).join(', ')}.`)
    }
    if (known.type === 'boolean' && value !== undefined) return new Misuse(`takes --${name} without a value.`)
    // Empty is a variable of the shell that was not set, and would ask for everything, or for nothing.
    if (known.type === 'string' && (!value || (!inlineValue && /^-./.test(value)))) {
      return new Misuse(`takes --${name} with a value; one that begins with - as --${name}=VALUE.`)
    }
    // The last one would win, and a log of anchors go unread.
    if (known.multiple !== true && seen.has(name)) return new Misuse(`takes --${name} once.`)
    seen.add(name)
  }
  return undefined
}

/** Throws a Misuse. */
export function parseOptions<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  const misuse = findMisuse(args, options)
  if (misuse !== undefined) throw misuse
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch {
    throw new Misuse('does not take these options.')
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

const instant = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** Others than those of the calendar, as February 30, would be taken for one of the next month. */
const isDay = (day: string): boolean => new Date(day).toJSON()?.startsWith(day) ?? false

/** ISO 8601, UTC. Times without a zone are UTC, as in the records. Throws a Misuse. */
export function parseTime(option: string, text: string, now: number): string {
  const [, count, unit = ''] = /^(\d{1,5})([smhdw])$/.exec(text) ?? []
  const [found, day, time, zone] = instant.exec(text) ?? []
  const ms =
    count === undefined
      ? Date.parse(
          found === undefined || time === undefined || zone !== undefined ? (found ?? '') : `${found}Z`,
        )
      : now - Number(count) * (unitsMs[unit] ?? 0)
  if (Number.isNaN(ms) || (day !== undefined && !isDay(day))) {
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
