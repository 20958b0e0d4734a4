/** Parses the arguments of a command. A wrong one is answered with what to write instead. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { parseInstant } from '../audit-reader/instant.ts'
import { toHint } from '../suggestion.ts'

/** The predicate of a sentence about the command. It repeats nothing that was typed, because that could be a secret. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Misuse'
  }
}

/** Whether a word that was typed may be repeated: it cannot be a secret. */
export const isPlainWord = (word: string): boolean => /^[a-z-]{1,20}$/.test(word)

/** Words for `resume` that do not look like it. `unpause` looks like its opposite. */
const wordsForResume: ReadonlySet<string> = new Set(['unpause', 'continue', 'unblock'])

/** The error for a word that is not a command of `program`. Repeats it only if it cannot be a secret. */
export function toUnknownCommand(program: string, word: string, names: readonly string[]): string {
  const named = isPlainWord(word) ? ` "${word}"` : ' of that name'
  const hint = toHint(wordsForResume.has(word) ? 'resume' : word, names)
  return `${program}: there is no command${named}.${hint} The commands are ${names.join(', ')}.\n`
}

interface OptionToken {
  readonly name: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/** Throws a Misuse. */
function checkOption({ name, value, inlineValue }: OptionToken, options: ParseArgsOptionsConfig): void {
  const known = Object.keys(options)
  const type = known.includes(name) ? options[name]?.type : undefined
  if (known.length === 0) throw new Misuse('has no options.')
  if (type === undefined) {
    const all = known.map((one) => `--${one}`).join(', ')
    throw new Misuse(`has no such option.${toHint(name, known, '--')} There are: ${all}.`)
  }
  if (type === 'boolean' && value !== undefined) throw new Misuse(`takes --${name} without a value.`)
  // An unset variable of the shell gives an empty value, which would select everything, or nothing.
  if (type === 'string' && (!value || (!inlineValue && /^-./.test(value)))) {
    throw new Misuse(`takes --${name} with a value; write one that begins with - as --${name}=VALUE.`)
  }
}

/** The options and, for a command that takes one, the operand. Throws a Misuse. */
export function parseArguments<Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  { maxOperands = 0 } = {},
) {
  const given = { args: [...args], options, allowPositionals: true } as const
  const { tokens } = parseArgs({ ...given, options: { ...options }, strict: false, tokens: true })
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    checkOption(token, options)
    // Otherwise the last value would win silently.
    if (options[token.name]?.multiple !== true && seen.has(token.name))
      throw new Misuse(`takes --${token.name} once.`)
    seen.add(token.name)
  }
  const { values, positionals } = parseArgs({ ...given, strict: true })
  if (positionals.length > maxOperands) {
    if (maxOperands > 0) throw new Misuse('takes at most 1 operand.')
    throw new Misuse(
      Object.keys(options).length === 0 ? 'takes no arguments.' : 'takes options only, such as --json.',
    )
  }
  return { values, operand: positionals[0] }
}

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
    const hint = toHint(value, members)
    throw new Misuse(`does not know this --${option}.${hint} There are: ${members.join(', ')}.`)
  }
}
