/** Limits in this process: exact, and bounded in memory whatever callers send. */
import { ServiceError } from '../errors.ts'
import { createShelved, Shelf, type Shelved } from './shelf.ts'
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
  readonly shelved: Shelved
}

export class LocalStore implements LimitStore {
  readonly #now: () => number
  readonly #maxLogs: number
  readonly #shelves = new Map<string, Shelf>()

  constructor({ now, maxLogs = MAX_LOGS }: LocalStoreOptions) {
    this.#now = now
    this.#maxLogs = maxLogs
  }

  take(claims: readonly Claim[]): Verdict {
    const now = this.#now()
    const before = this.#judgeAt(claims, now)
    if (!before.admitted) return before
    const places = this.#makeRoom(claims, now)
    if (places === undefined) throw new ServiceError('limiter_full')
    return { admitted: true, standings: places.map((place) => this.#add(place, now)) }
  }

  /** What take would answer to a refusal, or how things stand before it takes; takes nothing. */
  judge(claims: readonly Claim[]): Verdict {
    return this.#judgeAt(claims, this.#now())
  }

  /**
   * Takes note of what was admitted elsewhere, at `ms` or later; without room for it, of nothing. False where it would
   * be too many by what was noted here.
   */
  noteAdmission(claims: readonly Claim[], ms: number): boolean {
    if (!this.#judgeAt(claims, ms).admitted) return false
    for (const place of this.#makeRoom(claims, ms) ?? []) this.#add(place, ms)
    return true
  }

  /** Takes note of what was refused elsewhere, at `ms` or later: nobody asks there again before it can be admitted. */
  noteRefusal(claims: readonly Claim[], standings: readonly Standing[], ms: number): void {
    for (const [index, claim] of claims.entries()) {
      const { remaining = 1, resetMs = 0 } = standings[index] ?? {}
      if (remaining > 0) continue
      const shelved = this.#find(claim) ?? createShelved()
      // Less what the reset was rounded up by.
      shelved.refusedUntilMs = ms + resetMs - 1
      shelved.blockedUntilMs = Math.max(shelved.blockedUntilMs, shelved.refusedUntilMs)
      this.#shelfOf(claim).put(claim.key, shelved, ms)
    }
  }

  #judgeAt(claims: readonly Claim[], now: number): Verdict {
    const standings = claims.map((claim) => toStanding(claim, this.#find(claim), now))
    return { admitted: standings.every(({ remaining }) => remaining > 0), standings }
  }

  /** Undefined where one of them finds no room. */
  #makeRoom(claims: readonly Claim[], now: number): readonly Place[] | undefined {
    const places = claims.map((claim) => ({ claim, shelved: this.#find(claim) ?? createShelved() }))
    const isRoom = places.every(({ claim, shelved }) => this.#shelfOf(claim).put(claim.key, shelved, now))
    return isRoom ? places : undefined
  }

  #add({ claim, shelved }: Place, now: number): Standing {
    shelved.log.add(claim, now)
    const standing = shelved.log.standing(claim, now)
    if (standing.remaining === 0) {
      shelved.blockedUntilMs = now + standing.resetMs
      this.#shelfOf(claim).put(claim.key, shelved, now)
    }
    return standing
  }

  #find({ level, key }: Claim): Shelved | undefined {
    return this.#shelves.get(level)?.find(key)
  }

  #shelfOf({ level }: Claim): Shelf {
    const found = this.#shelves.get(level)
    if (found !== undefined) return found
    const shelf = new Shelf(this.#maxLogs)
    this.#shelves.set(level, shelf)
    return shelf
  }
}

function toStanding(claim: Claim, shelved: Shelved | undefined, now: number): Standing {
  if (shelved === undefined) return { remaining: claim.limit, resetMs: 0 }
  const own = shelved.log.standing(claim, now)
  const refusedMs = shelved.refusedUntilMs - now
  return refusedMs > 0 ? { remaining: 0, resetMs: Math.max(own.resetMs, refusedMs) } : own
}
