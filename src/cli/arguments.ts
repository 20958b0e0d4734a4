/** Parses the arguments of a command. A wrong one is answered with what to write instead. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parseInstant } from '../audit-reader/instant.ts'
import { closest } from '../suggestion.ts'

/** The predicate of a sentence about the command. It repeats nothing that was typed, because that could be a secret. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

interface OptionToken {
  readonly name: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

function toUnknownOption(name: string, known: readonly string[]): Misuse {
  if (known.length === 0) return new Misuse('has no options.')
  const near = closest(name, known)
  const hint = near === undefined ? '' : ` Did you mean --${near}?`
  return new Misuse(`has no such option.${hint} There are: ${known.map((one) => `--${one}`).join(', ')}.`)
}

/** What is wrong with one option; undefined where nothing is. */
function findOptionMisuse(
  { name, value, inlineValue }: OptionToken,
  options: ParseArgsOptionsConfig,
): Misuse | undefined {
  const known = Object.hasOwn(options, name) ? options[name] : undefined
  if (known === undefined) return toUnknownOption(name, Object.keys(options))
  if (known.type === 'boolean' && value !== undefined) return new Misuse(`takes --${name} without a value.`)
  // An unset variable of the shell gives an empty value, which would select everything, or nothing.
  if (known.type === 'string' && (!value || (!inlineValue && /^-./.test(value)))) {
    return new Misuse(`takes --${name} with a value; write one that begins with - as --${name}=VALUE.`)
  }
  return undefined
}

/** Options and up to `maxOperands` operands. Throws a Misuse. */
export function parseArguments<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  maxOperands: number,
) {
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options },
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const misuse = findOptionMisuse(token, options)
    if (misuse !== undefined) throw misuse
    // Otherwise the last value would win silently.
    if (options[token.name]?.multiple !== true && seen.has(token.name))
      throw new Misuse(`takes --${token.name} once.`)
    seen.add(token.name)
  }
  const { values, positionals } = parseArgs({
    args: [...args],
    options,
    strict: true,
    allowPositionals: true,
  })
  if (positionals.length > maxOperands) {
    throw new Misuse(
      maxOperands === 0 ? 'takes options only, such as --json.' : `takes at most ${maxOperands} operand.`,
    )
  }
  return { values, operands: positionals }
}

/** Parses the options of a command without operands. Throws a Misuse. */
export const parseOptions = <Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) => parseArguments(args, options, 0).values

/** The options of every audit command. */
export const commonOptions = {
  dir: { type: 'string' },
  'key-file': { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

/** Unix milliseconds. Times without a zone are UTC, as in the records. Throws a Misuse. */
export function parseTime(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ms = parseInstant(text, now)
  if (ms === undefined) {
    throw new Misuse(
      `takes --${option} like 90s, 15m, 1h, 7d or 2w (ago), or as a time in UTC: 2026-11-22 or 2026-11-22T10:00:00Z.`,
    )
  }
  return ms
}

/** Checks values of a closed set. Throws a Misuse. */
export function checkMembers(option: string, values: readonly string[], members: readonly string[]): void {
  for (const value of values) {
    if (members.includes(value)) continue
    const near = closest(value, members)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    throw new Misuse(`does not know this --${option}.${hint} There are: ${members.join(', ')}.`)
  }
}
