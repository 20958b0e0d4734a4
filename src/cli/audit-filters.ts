/** The filters that `audit query` and `audit stats` share, and the index that they ask. */
import { text as readText } from 'node:stream/consumers'
import type { AuditKeys } from '../audit/keys.ts'
import { AuditIndex } from '../audit-reader/audit-index.ts'
import {
  closedSets,
  isPseudonym,
  parseAddress,
  toAddressMatch,
  toCallerMatch,
  toSecretMatch,
} from '../audit-reader/filters.ts'
import type { RecordFilter } from '../audit-reader/index-query.ts'
import { readKeyIds } from '../audit-reader/key-ids.ts'
import { Secret } from '../secret.ts'
import { checkMembers, commonOptions, Misuse, parseOptions, parseTime } from './arguments.ts'
import { type AuditContext, CannotCheck, findPlace, type Place, readable } from './audit-context.ts'
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

type Given = ReturnType<typeof parseOptions<typeof filterOptions>>

/** Undefined if the option is not given; Infinity for 0. Throws a Misuse. */
export function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Misuse('takes --limit with a whole number; 0 shows all.')
  return Number(text) || Infinity
}

/** A secret on the command line stays in the shell's history; `-` reads it from the input. */
async function readSecrets(
  values: readonly string[],
  input: AuditContext['input'],
): Promise<readonly string[]> {
  const read = values.includes('-') ? (await readText(input)).trim() : ''
  return values.map((value) => (value === '-' ? read : value)).filter((value) => value !== '')
}

/** A pseudonym can be looked for without a key. */
async function loadKeysFor(values: readonly string[], { loadKeys }: Place): Promise<readonly AuditKeys[]> {
  if (values.length === 0) return []
  const keys = loadKeys()
  return values.every(isPseudonym) ? keys.catch(() => []) : keys
}

interface Identities {
  readonly matches: Pick<RecordFilter, 'caller' | 'address' | 'secret'>
  /** Nothing can be found unless a file was written with one of these. */
  readonly neededKeys: readonly AuditKeys[]
}

async function toIdentities(given: Given, place: Place, input: AuditContext['input']): Promise<Identities> {
  const { caller = [], address = [] } = given
  const secret = await readSecrets(given.secret ?? [], input)
  for (const value of address) {
    if (parseAddress(value) === undefined && !isPseudonym(value)) {
      throw new Misuse('takes --address with an IPv4 or IPv6 address, or with its pseudonym.')
    }
  }
  const values = [...caller, ...address, ...secret]
  const keys = await loadKeysFor(values, place)
  const secrets = secret.map((value) => new Secret(value))
  const matches = {
    caller: caller.length === 0 ? undefined : toCallerMatch(caller, keys),
    address: address.length === 0 ? undefined : toAddressMatch(address, keys),
    secret: given.secret && toSecretMatch(secrets, secret.filter(isPseudonym), keys),
  }
  return { matches, neededKeys: values.every(isPseudonym) ? [] : keys }
}

function toStatus(text: string): number {
  if (!/^[1-5]\d\d$/.test(text)) throw new Misuse('takes --status with an HTTP status, such as 429.')
  return Number(text)
}

function toKind(given: Given): RecordFilter['kind'] {
  const { outcome, code, reason, event, preset, origin, status } = given
  checkMembers('outcome', outcome ?? [], closedSets.outcome)
  checkMembers('code', code ?? [], closedSets.code)
  checkMembers('reason', reason ?? [], closedSets.reason)
  checkMembers('event', event ?? [], closedSets.event)
  const kind = { outcome, code, reason, event, preset, origin, status: status?.map(toStatus) }
  return Object.fromEntries(Object.entries(kind).filter(([, values]) => values !== undefined))
}

const toTime = (option: string, text: string | undefined, now: number): number | undefined =>
  text === undefined ? undefined : Date.parse(parseTime(option, text, now))

export interface Question {
  readonly index: AuditIndex
  readonly filter: RecordFilter
  /** Before anything is written. */
  readonly clearProgress: () => void
  /** After an empty answer: throws a CannotCheck if another key would be needed. */
  readonly checkKeys: () => Promise<void>
}

/** Checks the filters and brings the index up to date. The caller closes it. Throws a Misuse or a CannotCheck. */
export async function prepareQuestion(given: Given, context: AuditContext): Promise<Question> {
  const { environment, now, input } = context
  const span = { since: toTime('since', given.since, now()), until: toTime('until', given.until, now()) }
  const kind = toKind(given)
  const place = findPlace(environment, { dir: given.dir, keyFiles: given['key-file'] ?? [] })
  const { matches, neededKeys } = await toIdentities(given, place, input)
  const requestIds = given['request-id']
  const requestId = requestIds && { values: [], beginnings: requestIds }
  const { directory } = place
  const progress = createProgress(context)
  const index = await AuditIndex.open({ directory, onProgress: progress.show })
  await readable(index.update())
  return {
    index,
    filter: { ...span, kind, requestId, ...matches },
    clearProgress: progress.clear,
    checkKeys: () => checkKeys(directory, neededKeys),
  }
}

async function checkKeys(directory: string, keys: readonly AuditKeys[]): Promise<void> {
  const ids = await readable(readKeyIds(directory))
  if (ids.size === 0 || keys.length === 0 || keys.some(({ id }) => ids.has(id))) return
  throw new CannotCheck(
    'key_unknown',
    'no file in AUDIT_DIR was written with this audit key. Give the key of that time; --key-file may be repeated.',
  )
}

/** Says how many lines were passed over. */
export async function noteSkipped({ index, filter }: Question, { note }: AuditContext): Promise<void> {
  const skipped = await readable(index.countSkipped(filter))
  if (skipped > 0) {
    note(`Lines that are incomplete or not records: ${skipped}. Run "realtime-mint audit verify".\n`)
  }
}
