/** Limits in this process: exact, and bounded in memory whatever callers send. */
import { ServiceError } from '../errors.ts'
import { AdmissionLog } from './admission-log.ts'
import { BoundedLogs } from './bounded-logs.ts'
import type { Counter, Decision, LimitStore, Usage } from './store.ts'

export interface LocalStoreOptions {
  /** Monotonic milliseconds: a step of the wall clock neither blocks nor frees a caller. */
  readonly monotonicNow: () => number
  /** Per level. A log takes about 500 bytes, three times that if it is busy. */
  readonly maxLogs?: number
}

const MAX_LOGS = 50_000

/** A counter with its log, which `logs` does not contain yet if it is new. */
interface OpenCounter {
  readonly counter: Counter
  readonly logs: BoundedLogs
  readonly log: AdmissionLog
}

export class LocalStore implements LimitStore {
  readonly available = true
  readonly #monotonicNow: () => number
  readonly #maxLogs: number
  readonly #logsByLevel = new Map<string, BoundedLogs>()

  constructor({ monotonicNow, maxLogs = MAX_LOGS }: LocalStoreOptions) {
    this.#monotonicNow = monotonicNow
    this.#maxLogs = maxLogs
  }

  take(counters: readonly Counter[]): Decision {
    const now = this.#monotonicNow()
    const open = this.#open(counters)
    const before = decide(open, now)
    if (!before.admitted) return before
    if (!makeRoom(open, now)) throw new ServiceError('limiter_full')
    return { admitted: true, usages: open.map((counter) => add(counter, now)) }
  }

  /** The decision that take would make, without counting: usages are those before the request. */
  peek(counters: readonly Counter[]): Decision {
    return decide(this.#open(counters), this.#monotonicNow())
  }

  /**
   * Counts a request that another store admitted at `ms` or later; counts nothing without room for it. Returns false
   * if this store would have refused the request.
   */
  noteAdmission(counters: readonly Counter[], ms: number): boolean {
    const open = this.#open(counters)
    if (!decide(open, ms).admitted) return false
    if (makeRoom(open, ms)) for (const counter of open) add(counter, ms)
    return true
  }

  /** Remembers a refusal by another store at `ms` or later, until that store can admit again. */
  noteRefusal(counters: readonly Counter[], usages: readonly Usage[], ms: number): void {
    for (const [index, { counter, logs, log }] of this.#open(counters).entries()) {
      const { remaining = 1, resetMs = 0 } = usages[index] ?? {}
      if (remaining > 0) continue
      // The reset was rounded up to a whole millisecond.
      log.refusedUntilMs = ms + resetMs - 1
      log.blockedUntilMs = Math.max(log.blockedUntilMs, log.refusedUntilMs)
      logs.put(counter.key, log, ms)
    }
  }

  #open(counters: readonly Counter[]): readonly OpenCounter[] {
    return counters.map((counter) => {
      const logs = this.#logsOf(counter)
      return { counter, logs, log: logs.find(counter.key) ?? new AdmissionLog() }
    })
  }

  #logsOf({ level }: Counter): BoundedLogs {
    const found = this.#logsByLevel.get(level)
    if (found !== undefined) return found
    const logs = new BoundedLogs(this.#maxLogs)
    this.#logsByLevel.set(level, logs)
    return logs
  }
}

function decide(counters: readonly OpenCounter[], now: number): Decision {
  const usages = counters.map(({ counter, log }) => log.usage(counter, now))
  return { admitted: usages.every(({ remaining }) => remaining > 0), usages }
}

/** False if one of them finds no room. */
const makeRoom = (counters: readonly OpenCounter[], now: number): boolean =>
  counters.every(({ counter, logs, log }) => logs.put(counter.key, log, now))

function add({ counter, logs, log }: OpenCounter, now: number): Usage {
  log.add(counter, now)
  const usage = log.usage(counter, now)
  if (usage.remaining === 0) {
    log.blockedUntilMs = now + usage.resetMs
    logs.put(counter.key, log, now)
  }
  return usage
}
