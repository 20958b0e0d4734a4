/** `realtime-mint audit query`: what happened, to whom, and which attempt issued this secret? */
import { text as readText } from 'node:stream/consumers'
import type { AuditKeys } from '../audit/keys.ts'
import {
  byAddress,
  byCaller,
  byOutcome,
  byReason,
  byRequestId,
  bySecret,
  byValue,
  closedSets,
  type Filter,
  isPseudonym,
  parseAddress,
  withoutHeartbeats,
} from '../audit-reader/filters.ts'
import { AuditQuery } from '../audit-reader/query.ts'
import { type Match, readKeyIds } from '../audit-reader/query-file.ts'
import { Secret } from '../secret.ts'
import { checkMembers, commonOptions, Misuse, parseOptions, parseTime } from './arguments.ts'
import { CannotCheck, findPlace, type Place, readable, type Surroundings } from './audit-context.ts'
import { createProgress } from './progress.ts'
import { createTable } from './table.ts'

const many = { type: 'string', multiple: true } as const

const options = {
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
  limit: { type: 'string' },
  'oldest-first': { type: 'boolean', default: false },
  ...commonOptions,
} as const

type Given = ReturnType<typeof parseOptions<typeof options>>

/** On a terminal, unless told otherwise. */
const TERMINAL_LIMIT = 50

function parseLimit(text: string | undefined, isTerminal: boolean): number {
  if (text === undefined) return isTerminal ? TERMINAL_LIMIT : Infinity
  if (!/^\d{1,9}$/.test(text)) throw new Misuse('takes --limit with a whole number; 0 shows all.')
  return Number(text) || Infinity
}

/** A secret on the command line is in the shell's history; `-` takes it from the input. */
async function readSecrets(
  values: readonly string[],
  input: Surroundings['input'],
): Promise<readonly string[]> {
  const read = values.includes('-') ? (await readText(input)).trim() : ''
  return values.map((value) => (value === '-' ? read : value)).filter((value) => value !== '')
}

/** Without a key only if it would change nothing but what a pseudonym could mean besides. */
async function loadKeysFor(values: readonly string[], { loadKeys }: Place): Promise<readonly AuditKeys[]> {
  if (values.length === 0) return []
  const keys = loadKeys()
  return values.every(isPseudonym) ? keys.catch(() => []) : keys
}

interface Hashing {
  readonly filters: readonly Filter[]
  /** Without any of which nothing can be found. */
  readonly keys: readonly AuditKeys[]
}

async function toHashing(given: Given, place: Place, input: Surroundings['input']): Promise<Hashing> {
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
  const filters = [
    ...(caller.length > 0 ? [byCaller(caller, keys)] : []),
    ...(address.length > 0 ? [byAddress(address, keys)] : []),
    ...(given.secret === undefined ? [] : [bySecret(secrets, secret.filter(isPseudonym), keys)]),
  ]
  return { filters, keys: values.every(isPseudonym) ? [] : keys }
}

/** For a query that found nothing: throws a CannotCheck where no file was written under any of its keys. */
async function checkKeys(directory: string, keys: readonly AuditKeys[]): Promise<void> {
  const ids = await readable(readKeyIds(directory))
  if (ids.size === 0 || keys.length === 0 || keys.some(({ id }) => ids.has(id))) return
  throw new CannotCheck(
    'key_unknown',
    'no file in AUDIT_DIR was written under this audit key: give the one of the time, --key-file may be repeated',
  )
}

function toFilters({
  outcome,
  code,
  reason,
  event,
  preset,
  origin,
  'request-id': requestId,
}: Given): Filter[] {
  checkMembers('outcome', outcome ?? [], closedSets.outcome)
  checkMembers('code', code ?? [], closedSets.code)
  checkMembers('reason', reason ?? [], closedSets.reason)
  checkMembers('event', event ?? [], closedSets.event)
  return [
    event === undefined ? withoutHeartbeats : byValue('event', event),
    ...(outcome === undefined ? [] : [byOutcome(outcome)]),
    ...(code === undefined ? [] : [byValue('code', code)]),
    ...(reason === undefined ? [] : [byReason(reason)]),
    ...(preset === undefined ? [] : [byValue('preset', preset)]),
    ...(origin === undefined ? [] : [byValue('origin', origin)]),
    ...(requestId === undefined ? [] : [byRequestId(requestId)]),
  ]
}

interface Page {
  readonly head: string
  readonly limit: number
  readonly toText: (match: Match) => string
  /** Before something is written. */
  readonly onWrite: () => void
}

/** How many were shown, and whether there are more. */
async function show(query: AuditQuery, page: Page, { write, columns }: Surroundings) {
  const { head, limit, toText, onWrite } = page
  // People see each line as it is found; programs get them by the thousand.
  const waitFor = columns === undefined ? 64 * 1024 : 1
  let shown = 0
  let text = head
  for await (const match of query.matches()) {
    if (shown === limit) {
      onWrite()
      await write(text)
      return { shown, isMore: true }
    }
    shown += 1
    text += `${toText(match)}\n`
    if (text.length < waitFor) continue
    onWrite()
    if (!(await write(text))) return { shown, isMore: false }
    text = ''
  }
  onWrite()
  if (shown > 0) await write(text)
  return { shown, isMore: false }
}

/** The exit code. Throws a Misuse or a CannotCheck. */
export async function runQuery(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { environment, columns, note, now, input } = surroundings
  const given = parseOptions(args, options)
  const limit = parseLimit(given.limit, columns !== undefined)
  const since = given.since === undefined ? undefined : parseTime('since', given.since, now())
  const until = given.until === undefined ? undefined : parseTime('until', given.until, now())
  const place = findPlace(environment, { dir: given.dir, keyFiles: given['key-file'] ?? [] })
  const hashing = await toHashing(given, place, input)
  const progress = createProgress(surroundings)
  const query = new AuditQuery({
    directory: place.directory,
    since,
    until,
    filters: [...toFilters(given), ...hashing.filters],
    order: given['oldest-first'] ? 'oldest' : 'newest',
    onProgress: progress.show,
  })
  const table = createTable({ columns, isColoured: columns !== undefined && !environment['NO_COLOR'] })
  const page: Page = {
    head: given.json ? '' : `${table.head}\n`,
    limit,
    toText: ({ line, record }) => (given.json ? line : table.toRow(record)),
    onWrite: progress.clear,
  }
  const { shown, isMore } = await readable(show(query, page, surroundings))
  if (shown === 0) {
    await checkKeys(place.directory, hashing.keys)
    note('No record matches.\n')
  }
  if (isMore) note(`These are ${shown} of more; --limit shows as many as it says, --limit 0 all.\n`)
  if (query.skipped > 0) note(`${query.skipped} lines are torn or no records; audit verify tells more.\n`)
  return 0
}
