/** Remembers which single-use tokens are used. */
import type { TokenUse } from '../attempt.ts'
import { ServiceError } from '../errors.ts'

/** Both methods reject if the store cannot be reached. */
export interface UsedTokens {
  /** Reserves the token. Of simultaneous calls for one token, one gets `reserved`. */
  readonly reserve: (id: string, untilUnixSeconds: number) => Promise<'reserved' | 'used'>
  /** Releases the token: no secret was issued for it. */
  readonly release: (id: string) => Promise<void>
}

export interface MemoryUsedTokensOptions {
  /** Unix milliseconds. */
  readonly unixNow: () => number
  readonly maxTokens?: number
}

/** About 200 bytes each. */
const MAX_TOKENS = 100_000
const LOOK_SECONDS = 1

/** In this process, bounded: a token that is still valid is never evicted. */
export class MemoryUsedTokens implements UsedTokens {
  readonly #unixNow: () => number
  readonly #maxTokens: number
  readonly #untilById = new Map<string, number>()
  /** Unix seconds. */
  #nextLook = 0

  constructor({ unixNow, maxTokens = MAX_TOKENS }: MemoryUsedTokensOptions) {
    this.#unixNow = unixNow
    this.#maxTokens = maxTokens
  }

  async reserve(id: string, untilUnixSeconds: number): Promise<'reserved' | 'used'> {
    const now = this.#unixNow() / 1000
    if ((this.#untilById.get(id) ?? 0) > now) return 'used'
    if (this.#untilById.size >= this.#maxTokens) this.#removeExpired(now)
    this.#untilById.set(id, untilUnixSeconds)
    return 'reserved'
  }

  async release(id: string): Promise<void> {
    this.#untilById.delete(id)
  }

  /** Throws if none is expired. A look at all tokens takes a millisecond, so it happens at most once a second. */
  #removeExpired(now: number): void {
    if (now >= this.#nextLook) {
      this.#nextLook = now + LOOK_SECONDS
      for (const [id, until] of this.#untilById) if (until <= now) this.#untilById.delete(id)
    }
    if (this.#untilById.size >= this.#maxTokens) throw new Error('too many tokens are in use')
  }
}

/** Reserves the token for one mint. Throws token_replayed, or used_tokens_unavailable if the store is unreachable. */
export async function reserveToken(
  usedTokens: UsedTokens,
  { id, untilUnixSeconds }: TokenUse,
): Promise<void> {
  const state = await usedTokens.reserve(id, untilUnixSeconds).catch(() => 'unknown' as const)
  if (state === 'used') throw new ServiceError('token_replayed')
  if (state === 'unknown') throw new ServiceError('used_tokens_unavailable')
}

/** Releases the token. If the store is unreachable, the token stays used. */
export async function releaseToken(usedTokens: UsedTokens, { id }: TokenUse): Promise<void> {
  await usedTokens.release(id).catch(() => undefined)
}
