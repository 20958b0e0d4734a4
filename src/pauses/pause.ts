/** A pause: what it stops and until when, as it is stored, and which of two states of one scope is newer. */
import { z } from 'zod'
import { parseDuration } from '../duration.ts'
import { parseJson } from '../json.ts'

export const pauseScopes = ['all', 'preset', 'origin', 'caller'] as const

/** The setting that holds the token of the request, or the command line. */
export const pauseSources = ['ADMIN_TOKEN', 'command line'] as const

export const MAX_NOTE_LENGTH = 200

/** One line that every terminal and page can show: no control, bidi or zero-width characters. */
const printable = /^[^\p{C}\p{Zl}\p{Zp}]+$/u

export const isNote = (text: string): boolean =>
  text.trim() === text && text.length <= MAX_NOTE_LENGTH && printable.test(text)

/** More are a mistake of a script, and would make each check slower. */
export const MAX_PAUSES = 100

/** A longer one is meant to have no end. */
const MAX_PAUSE_MS = 366 * 86_400_000

/** Milliseconds of `15m`, `1h` or `7d`, up to a year. */
export function parsePauseDuration(text: string): number | undefined {
  const ms = parseDuration(text)
  return ms !== undefined && ms > 0 && ms <= MAX_PAUSE_MS ? ms : undefined
}

const stored = z
  .strictObject({
    scope: z.enum(pauseScopes),
    /** The preset, the origin or the pseudonym; null for `all`. */
    value: z.string().max(300).regex(printable).nullable(),
    state: z.enum(['paused', 'resumed']),
    /** Unix milliseconds: when the state was asked for. */
    at: z.int().nonnegative(),
    /** Unix milliseconds; null until someone resumes. */
    until: z.int().nonnegative().nullable(),
    by: z.enum(pauseSources),
    /** What the operator wrote. Never logged or audited. */
    note: z.string().refine(isNote).nullable(),
  })
  .readonly()
  .refine(({ scope, value }) => (scope === 'all') === (value === null))

/** Several replicas may each add one to a full list. */
const storedList = z.array(stored).max(4 * MAX_PAUSES)

/** The newest state of one scope. A scope that is resumed keeps its entry, so that no older pause returns. */
export type PauseEntry = z.infer<typeof stored>

/** The same text for the same entry. */
const fields = ['scope', 'value', 'state', 'at', 'until', 'by', 'note']

/** Undefined if the text is not an entry, or only a part of one. */
export const parseEntry = (text: string): PauseEntry | undefined => stored.safeParse(parseJson(text)).data

/** Undefined if the text is not a list of entries. */
export const parseEntries = (text: string): readonly PauseEntry[] | undefined =>
  storedList.safeParse(parseJson(text)).data

export const formatEntry = (entry: PauseEntry): string => `${JSON.stringify(entry, fields)}\n`

export type Scoped = Pick<PauseEntry, 'scope' | 'value'>

/** The scope that an operator names; `caller` as given. */
export interface GivenScope {
  readonly preset?: string | undefined
  readonly origin?: string | undefined
  readonly caller?: string | undefined
  readonly all?: boolean | 'true' | undefined
}

/** Undefined unless one scope is given. */
export function toScope({ all, ...named }: GivenScope): Scoped | undefined {
  const scopes: readonly Scoped[] = [
    ...(all === undefined || all === false ? [] : [{ scope: 'all', value: null } as const]),
    ...(['preset', 'origin', 'caller'] as const).flatMap((scope) => {
      const value = named[scope]
      return value === undefined ? [] : [{ scope, value }]
    }),
  ]
  return scopes.length === 1 ? scopes[0] : undefined
}

/** Tells scopes apart. */
export const toScopeKey = ({ scope, value }: Scoped): string => (value === null ? scope : `${scope} ${value}`)

/** The same text for the same entries in any order. */
export const formatEntries = (entries: readonly PauseEntry[]): string =>
  JSON.stringify(
    entries.toSorted((one, other) => (toScopeKey(one) < toScopeKey(other) ? -1 : 1)),
    fields,
  )

export const isActive = ({ state, until }: PauseEntry, nowMs: number): boolean =>
  state === 'paused' && (until === null || until > nowMs)

/** After this time, no store is expected to return with an older state of the scope. */
const REMEMBERED_MS = 30 * 86_400_000
const MAX_ENDED = 100

const isRemembered = ({ at, until }: PauseEntry, nowMs: number): boolean =>
  Math.max(at, until ?? 0) > nowMs - REMEMBERED_MS

/** At the same instant, the pause wins; then any order that is the same everywhere. */
function isNewer(entry: PauseEntry, other: PauseEntry): boolean {
  if (entry.at !== other.at) return entry.at > other.at
  if (entry.state !== other.state) return entry.state === 'paused'
  return formatEntry(entry) > formatEntry(other)
}

/**
 * The newest entry of each scope, by scope. The result does not depend on the order of the lists, so stores that
 * exchange their entries in any order come to the same state.
 */
export function mergeEntries(
  lists: readonly (readonly PauseEntry[])[],
  nowMs: number,
): ReadonlyMap<string, PauseEntry> {
  const newest = new Map<string, PauseEntry>()
  for (const entry of lists.flat()) {
    const known = newest.get(toScopeKey(entry))
    if (known === undefined || isNewer(entry, known)) newest.set(toScopeKey(entry), entry)
  }
  const all = [...newest.values()]
  const active = all.filter((entry) => isActive(entry, nowMs))
  const ended = all
    .filter((entry) => !isActive(entry, nowMs) && isRemembered(entry, nowMs))
    .toSorted((one, other) => other.at - one.at)
    .slice(0, MAX_ENDED)
  return new Map([...active, ...ended].map((entry) => [toScopeKey(entry), entry]))
}
