/** Tokens that may be used once: which of them were. */
import { ServiceError } from '../errors.ts'

/** One token, without its own name. */
export interface TokenUse {
  /** SHA-256 of issuer and jti, in hex. */
  readonly id: string
  /** From then on the token is refused for its age. */
  readonly untilUnixSeconds: number
}

/** Each rejects where nobody can tell whether the token was used. */
export interface UsedTokens {
  /** Takes the token: of any number that try, one gets `reserved`. */
  readonly reserve: (id: string, untilUnixSeconds: number) => Promise<'reserved' | 'used'>
  /** Gives it back: no secret left for it. */
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

/** In this process, bounded: a token that still holds is never forgotten for another one. */
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
    if (this.#untilById.size >= this.#maxTokens) this.#forgetOld(now)
    this.#untilById.set(id, untilUnixSeconds)
    return 'reserved'
  }

  async release(id: string): Promise<void> {
    this.#untilById.delete(id)
  }

  /** Throws where none is old. Looks at all of them, which takes a millisecond, so once a second at most. */
  #forgetOld(now: number): void {
    if (now >= this.#nextLook) {
      this.#nextLook = now + LOOK_SECONDS
      for (const [id, until] of this.#untilById) if (until <= now) this.#untilById.delete(id)
    }
    if (this.#untilById.size >= this.#maxTokens) throw new Error('too many tokens are in use')
  }
}

/** Takes the token for one mint. Throws token_replayed, or used_tokens_unavailable where nobody can tell. */
export async function reserveToken(
  usedTokens: UsedTokens,
  { id, untilUnixSeconds }: TokenUse,
): Promise<void> {
  const verdict = await usedTokens.reserve(id, untilUnixSeconds).catch(() => 'unknown' as const)
  if (verdict === 'used') throw new ServiceError('token_replayed')
  if (verdict === 'unknown') throw new ServiceError('used_tokens_unavailable')
}

/** Gives the token back. A store that cannot be reached keeps it used. */
export async function releaseToken(usedTokens: UsedTokens, { id }: TokenUse): Promise<void> {
  await usedTokens.release(id).catch(() => undefined)
}
