/** Limits in this process: exact, and bounded in memory whatever callers send. */
import { ServiceError } from '../errors.ts'
import { BoundedLogs, createShelved, type Shelved } from './bounded-logs.ts'
import type { Claim, LimitStore, Standing, Verdict } from './store.ts'

export interface LocalStoreOptions {
  /** Monotonic milliseconds, so that a clock step neither blocks nor frees anybody. */
  readonly now: () => number
  /** Of each level; at about 500 bytes each, three times that where they are busy. */
  readonly maxLogs?: number
}

const MAX_LOGS = 50_000

interface Place {
  readonly claim: Claim
  readonly shelf: BoundedLogs
  /** Not on the shelf yet where it is new. */
  readonly shelved: Shelved
}

export class LocalStore implements LimitStore {
  readonly #now: () => number
  readonly #maxLogs: number
  readonly #shelves = new Map<string, BoundedLogs>()

  constructor({ now, maxLogs = MAX_LOGS }: LocalStoreOptions) {
    this.#now = now
    this.#maxLogs = maxLogs
  }

  take(claims: readonly Claim[]): Verdict {
    const now = this.#now()
    const places = this.#toPlaces(claims)
    const before = toVerdict(places, now)
    if (!before.admitted) return before
    if (!makeRoom(places, now)) throw new ServiceError('limiter_full')
    return { admitted: true, standings: places.map((place) => add(place, now)) }
  }

  /** What take would answer to a refusal, or how things stand before it takes; takes nothing. */
  judge(claims: readonly Claim[]): Verdict {
    return toVerdict(this.#toPlaces(claims), this.#now())
  }

  /**
   * Takes note of what was admitted elsewhere, at `ms` or later; without room for it, of nothing. False where it would
   * be too many by what was noted here.
   */
  noteAdmission(claims: readonly Claim[], ms: number): boolean {
    const places = this.#toPlaces(claims)
    if (!toVerdict(places, ms).admitted) return false
    if (makeRoom(places, ms)) for (const place of places) add(place, ms)
    return true
  }

  /** Takes note of what was refused elsewhere, at `ms` or later: nobody asks there again before it can be admitted. */
  noteRefusal(claims: readonly Claim[], standings: readonly Standing[], ms: number): void {
    for (const [index, { claim, shelf, shelved }] of this.#toPlaces(claims).entries()) {
      const { remaining = 1, resetMs = 0 } = standings[index] ?? {}
      if (remaining > 0) continue
      // Less what the reset was rounded up by.
      shelved.refusedUntilMs = ms + resetMs - 1
      shelved.blockedUntilMs = Math.max(shelved.blockedUntilMs, shelved.refusedUntilMs)
      shelf.put(claim.key, shelved, ms)
    }
  }

  #toPlaces(claims: readonly Claim[]): readonly Place[] {
    return claims.map((claim) => {
      const shelf = this.#shelfOf(claim)
      return { claim, shelf, shelved: shelf.find(claim.key) ?? createShelved() }
    })
  }

  #shelfOf({ level }: Claim): BoundedLogs {
    const found = this.#shelves.get(level)
    if (found !== undefined) return found
    const shelf = new BoundedLogs(this.#maxLogs)
    this.#shelves.set(level, shelf)
    return shelf
  }
}

function toVerdict(places: readonly Place[], now: number): Verdict {
  const standings = places.map((place) => toStanding(place, now))
  return { admitted: standings.every(({ remaining }) => remaining > 0), standings }
}

function toStanding({ claim, shelved }: Place, now: number): Standing {
  const own = shelved.log.standing(claim, now)
  const refusedMs = shelved.refusedUntilMs - now
  return refusedMs > 0 ? { remaining: 0, resetMs: Math.max(own.resetMs, refusedMs) } : own
}

/** False where one of them finds no room. */
const makeRoom = (places: readonly Place[], now: number): boolean =>
  places.every(({ claim, shelf, shelved }) => shelf.put(claim.key, shelved, now))

function add({ claim, shelf, shelved }: Place, now: number): Standing {
  shelved.log.add(claim, now)
  const standing = shelved.log.standing(claim, now)
  if (standing.remaining === 0) {
    shelved.blockedUntilMs = now + standing.resetMs
    shelf.put(claim.key, shelved, now)
  }
  return standing
}
