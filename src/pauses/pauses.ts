/** What is paused: in memory, in AUDIT_DIR and, with Redis, on all replicas. Each of the three restores the others. */
import { isIPv4 } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt } from '../attempt.ts'
import { codeOf, ServiceError } from '../errors.ts'
import { RedisUnavailable } from '../redis/faults.ts'
import { isActive, MAX_PAUSES, mergeEntries, type PauseEntry, type Scoped, toScopeKey } from './pause.ts'
import type { PauseFiles } from './pause-files.ts'
import type { SharedPauses } from './shared-pauses.ts'

/** What became of a pause. */
export type PauseChange = 'paused' | 'resumed' | 'expired'

export interface PausesOptions {
  readonly files: PauseFiles
  /** Null where no Redis is configured. */
  readonly shared: SharedPauses | null
  /** A caller or an address as pauses name it. */
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
  /** Milliseconds. */
  readonly unixNow: () => number
  readonly onChange?: (entry: PauseEntry, change: PauseChange) => void
  /** Looks only: nothing is stored. */
  readonly isReadOnly?: boolean
  /** Called when AUDIT_DIR stops to take pauses, with the cause, and with null when it takes them again. */
  readonly onFilesChange?: (cause: string | null) => void
}

/** Where a state is stored, beyond this process. */
export interface Stored {
  /** Null if AUDIT_DIR has it, so that it survives a restart; else why not. */
  readonly filesFault: string | null
  /** Null if Redis has it, so that all replicas know; undefined where no Redis is configured. */
  readonly redisFault: string | null | undefined
}

/** As the command line and the admin listener tell programs. */
export const toStoredReply = ({ filesFault, redisFault }: Stored) => ({
  survives_restart: filesFault === null,
  reaches_replicas: redisFault === undefined ? null : redisFault === null,
})

export interface WantedPause extends Pick<PauseEntry, 'scope' | 'value' | 'by' | 'note'> {
  /** Null until someone resumes. */
  readonly forMs: number | null
}

/** What a pause can apply to. */
export type PausedFacts = Pick<Attempt, 'preset' | 'origin' | 'caller' | 'address'>

const POLL_MS = 500
const MAX_EXCHANGES = 5

/** What a pause of this subject may be stored as: an operator who names it may seem to give a pseudonym or an address. */
const toPseudonyms = (subject: string, toPseudonym: PausesOptions['toPseudonym']): readonly string[] => [
  toPseudonym('caller', subject),
  subject,
  ...(isIPv4(subject) ? [toPseudonym('address', subject)] : []),
]

const list = (entries: ReadonlyMap<string, PauseEntry>): readonly PauseEntry[] => [...entries.values()]

const isSame = (one: PauseEntry | undefined, { at, until, state }: PauseEntry): boolean =>
  one !== undefined && one.at === at && one.until === until && one.state === state

export class Pauses {
  readonly #options: PausesOptions
  readonly #closing = new AbortController()
  /** The newest state of each scope, also of those that were resumed. */
  #entries: ReadonlyMap<string, PauseEntry> = new Map()
  /** Those in effect, by scope. */
  #active: ReadonlyMap<string, PauseEntry> = new Map()
  #syncing: Promise<Stored> = Promise.resolve({ filesFault: null, redisFault: undefined })
  #filesFault: string | null = null

  constructor(options: PausesOptions) {
    this.#options = options
  }

  /** Resolves when the pauses that are stored are in effect. Then others are noticed within a second. */
  async open(): Promise<void> {
    await this.sync()
    void this.#poll()
  }

  close(): void {
    this.#closing.abort()
  }

  /** Those in effect, oldest first. */
  list(): readonly PauseEntry[] {
    const nowMs = this.#options.unixNow()
    return list(this.#active)
      .filter((entry) => isActive(entry, nowMs))
      .toSorted((one, other) => one.at - other.at)
  }

  /** The pause that stops such an attempt. Costs nothing while there are none. */
  find(facts: PausedFacts): PauseEntry | undefined {
    if (this.#active.size === 0) return undefined
    const nowMs = this.#options.unixNow()
    return this.#toKeys(facts)
      .map((key) => this.#active.get(key))
      .find((entry) => entry !== undefined && isActive(entry, nowMs))
  }

  /** Throws a ServiceError if a pause stops the attempt. */
  check(facts: PausedFacts): void {
    const found = this.find(facts)
    if (found !== undefined) throw new ServiceError(`paused_${found.scope}`)
  }

  /** In force here at once; resolves when it is stored, or cannot be. */
  async pause(wanted: WantedPause): Promise<Stored | 'too_many'> {
    const isNew = !this.#active.has(toScopeKey(wanted))
    if (isNew && this.list().length >= MAX_PAUSES) return 'too_many'
    return this.#put('paused', wanted)
  }

  /** Ends the pause of exactly this scope. */
  async resume({ scope, value, by }: Scoped & Pick<PauseEntry, 'by'>): Promise<Stored | 'not_paused'> {
    const key = toScopeKey({ scope, value })
    if (!this.list().some((entry) => toScopeKey(entry) === key)) return 'not_paused'
    return this.#put('resumed', { scope, value, by, forMs: null, note: null })
  }

  /** Exchanges the states with AUDIT_DIR and Redis. One exchange runs after the other. */
  sync(): Promise<Stored> {
    this.#syncing = this.#syncing.then(() => this.#exchange())
    return this.#syncing
  }

  #put(state: PauseEntry['state'], { forMs, ...wanted }: WantedPause): Promise<Stored> {
    const known = this.#entries.get(toScopeKey(wanted))
    const nowMs = this.#options.unixNow()
    // Newer than what is known, also if the clock of another replica is ahead.
    const at = Math.max(nowMs, (known?.at ?? 0) + 1)
    this.#take([[{ ...wanted, state, at, until: forMs === null ? null : nowMs + forMs }]])
    return this.sync()
  }

  #toKeys({ preset, origin, caller, address }: PausedFacts): readonly string[] {
    const { toPseudonym } = this.#options
    return [
      'all',
      `preset ${preset?.name ?? ''}`,
      `origin ${origin ?? ''}`,
      ...(caller === null ? [] : toPseudonyms(caller.subject, toPseudonym).map((value) => `caller ${value}`)),
      `caller ${toPseudonym('address', address)}`,
    ]
  }

  /** Keeps the newer state of each scope, and reports what begins and ends by that or by the time. */
  #take(lists: readonly (readonly PauseEntry[])[]): void {
    const nowMs = this.#options.unixNow()
    const before = this.#active
    this.#entries = mergeEntries([list(this.#entries), ...lists], nowMs)
    this.#active = new Map([...this.#entries].filter(([, entry]) => isActive(entry, nowMs)))
    const { onChange } = this.#options
    for (const [key, entry] of before) {
      if (this.#active.has(key)) continue
      const newest = this.#entries.get(key)
      if (newest?.state === 'resumed') onChange?.(newest, 'resumed')
      else onChange?.(entry, 'expired')
    }
    for (const [key, entry] of this.#active) {
      if (!isSame(before.get(key), entry)) onChange?.(entry, 'paused')
    }
  }

  async #exchange(): Promise<Stored> {
    const redisFault = await this.#exchangeWithRedis()
    const { fault, invalid } = await this.#exchangeWithFiles()
    const cause = fault ?? (invalid > 0 ? 'invalid_file' : null)
    if ((cause === null) !== (this.#filesFault === null)) this.#options.onFilesChange?.(cause)
    this.#filesFault = cause
    return { filesFault: fault, redisFault }
  }

  async #exchangeWithFiles(): Promise<{ readonly fault: string | null; readonly invalid: number }> {
    const { files, isReadOnly } = this.#options
    try {
      const { entries, invalid } = await files.read()
      this.#take([entries])
      if (isReadOnly !== true) await this.#updateFiles(entries)
      return { fault: null, invalid }
    } catch (error) {
      const fault = codeOf(error)
      if (fault === undefined) throw error
      return { fault, invalid: 0 }
    }
  }

  async #updateFiles(found: readonly PauseEntry[]): Promise<void> {
    const { files, unixNow } = this.#options
    const stored = mergeEntries([found], unixNow())
    for (const [key, entry] of this.#entries) {
      if (!isSame(stored.get(key), entry)) await files.write(entry)
    }
    for (const entry of found) if (!this.#entries.has(toScopeKey(entry))) await files.remove(entry)
  }

  async #exchangeWithRedis(): Promise<string | null | undefined> {
    const { shared, isReadOnly } = this.#options
    if (shared === null) return undefined
    try {
      for (let exchanges = 0; exchanges < MAX_EXCHANGES; exchanges += 1) {
        this.#take([await shared.read()])
        if (isReadOnly === true || (await shared.write(list(this.#entries)))) return null
      }
      return 'busy'
    } catch (error) {
      if (error instanceof RedisUnavailable) return error.fault
      throw error
    }
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closing
    try {
      for (;;) {
        await delay(POLL_MS, undefined, { ref: false, signal })
        await this.sync()
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
