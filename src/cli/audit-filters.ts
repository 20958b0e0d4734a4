/** The filters that `audit query` and `audit stats` share, and the index that they ask. */

import { text as readText } from 'node:stream/consumers'
import { actAsOwner } from '../audit/directory.ts'
import type { AuditKeys } from '../audit/keys.ts'
import { AuditIndex } from '../audit-reader/audit-index.ts'
import { closedSets, isPseudonym, parseAddress, toRecordFilter } from '../audit-reader/filters.ts'
import type { RecordFilter } from '../audit-reader/index-query.ts'
import { readKeyIds } from '../audit-reader/key-ids.ts'
import { Secret } from '../secret.ts'
import { checkMembers, commonOptions, Misuse, type parseArguments, parseTime } from './arguments.ts'
import { CannotCheck, openSource } from './audit-context.ts'
import type { CommandContext } from './command.ts'
import { createProgress } from './progress.ts'

const many = { type: 'string', multiple: true } as const

export const filterOptions = {
  since: { type: 'string' },
  until: { type: 'string' },
  outcome: many,
  code: many,
  reason: many,
  preset: many,
  origin: many,
  caller: many,
  address: many,
  secret: many,
  'request-id': many,
  event: many,
  status: many,
  limit: { type: 'string' },
  ...commonOptions,
} as const

type Given = ReturnType<typeof parseArguments<typeof filterOptions>>['values']
type LoadKeys = () => Promise<readonly AuditKeys[]>

/** Undefined if the option is not given; Infinity for 0. Throws a Misuse. */
export function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Misuse('takes --limit with a whole number; 0 shows all.')
  return Number(text) || Infinity
}

/** A secret on the command line stays in the shell's history; `-` reads it from the input. */
async function readSecrets(
  values: readonly string[],
  input: CommandContext['input'],
): Promise<readonly string[]> {
  const read = values.includes('-') ? (await readText(input)).trim() : ''
  return values.map((value) => (value === '-' ? read : value)).filter((value) => value !== '')
}

/** Callers, addresses and secrets, and the keys that they are looked for with. Throws a Misuse. */
async function readIdentities(given: Given, loadKeys: LoadKeys, input: CommandContext['input']) {
  const { caller, address } = given
  const secret = given.secret && (await readSecrets(given.secret, input))
  if (address?.some((value) => parseAddress(value) === undefined && !isPseudonym(value))) {
    throw new Misuse('takes --address with an IPv4 or IPv6 address, or with its pseudonym.')
  }
  const values = [caller, address, secret].flatMap((some) => some ?? [])
  // A pseudonym can be looked for without a key.
  const isPlain = !values.every(isPseudonym)
  const keys = values.length === 0 ? [] : await loadKeys().catch(isPlain ? undefined : () => [])
  return { caller, address, secret, keys, isPlain }
}

function toStatus(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new Misuse('takes --status with an HTTP status, such as 429.')
  return Number(text)
}

function toKind(given: Given) {
  const { outcome, code, reason, event, preset, origin, status } = given
  for (const name of ['outcome', 'code', 'reason', 'event'] as const) {
    checkMembers(name, given[name] ?? [], closedSets[name])
  }
  return { outcome, code, reason, event, preset, origin, status: status?.map(toStatus) }
}

export interface Question {
  readonly index: AuditIndex
  readonly filter: RecordFilter
  /** Before anything is written. */
  readonly clearProgress: () => void
}

export interface Asking {
  /** `-` reads a log. */
  readonly operand: string | undefined
  readonly nothing: string
  readonly answer: (question: Question) => Promise<number>
}

/**
 * Checks the filters, brings the index up to date, and lets `answer` write what it finds; it resolves with how much. Then
 * says what was not found or passed over. The exit code. Throws a Misuse, a CannotCheck or what the file system throws.
 */
export async function askIndex(
  given: Given,
  context: CommandContext,
  { operand, nothing, answer }: Asking,
): Promise<number> {
  const { note, now } = context
  const since = parseTime('since', given.since, now())
  const until = parseTime('until', given.until, now())
  const kind = toKind(given)
  if (operand !== undefined && given.secret?.includes('-') === true) {
    throw new Misuse('reads its input once: as - or as --secret -.')
  }
  const { directory, loadKeys, close } = await openSource(operand, given, context)
  let index: AuditIndex | undefined
  try {
    const { caller, address, secret, keys, isPlain } = await readIdentities(given, loadKeys, context.input)
    const secrets = secret && [...secret.map((value) => new Secret(value)), ...secret.filter(isPseudonym)]
    const requestId = given['request-id']
    const filter = toRecordFilter({ since, until, kind, caller, address, secret: secrets, requestId }, keys)
    const { show, clear } = createProgress(context)
    actAsOwner(directory)
    index = await AuditIndex.open({ directory, onProgress: show })
    await index.update()
    const found = await answer({ index, filter, clearProgress: clear })
    clear()
    if (found === 0) {
      if (isPlain) await checkKeys(directory, keys)
      note(nothing)
    }
    const skipped = await index.countSkipped(filter)
    if (skipped > 0) {
      note(`Lines that are incomplete or not records: ${skipped}. Run "realtime-mint audit verify".\n`)
    }
    return 0
  } finally {
    index?.close()
    await close()
  }
}

/** Nothing in plain text can be found if no file was written with one of these keys. */
async function checkKeys(directory: string, keys: readonly AuditKeys[]): Promise<void> {
  const ids = await readKeyIds(directory)
  if (ids.size === 0 || keys.some(({ id }) => ids.has(id))) return
  throw new CannotCheck(
    'key_unknown',
    'no file in AUDIT_DIR was written with this audit key. Give the key of that time; --key-file may be repeated.',
  )
}
