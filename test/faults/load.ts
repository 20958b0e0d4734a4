/** Pages that mint without a pause, and their replies. */
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { pageMint } from '../bench/fixed-mint.ts'

const { path, ...mint } = pageMint
const TIMEOUT_MS = 15_000
const AFTER_REFUSAL_MS = 20

export class Load {
  /** Client secrets that pages received. */
  readonly delivered: string[] = []
  /** How many were refused with 503 `audit_unavailable`. */
  withheld = 0
  /** Replies that should never come. */
  readonly unexpected = new Set<string>()
  readonly #origins: () => readonly string[]
  readonly #workers: Promise<void>[]
  #isStopped = false
  #isPaused = false

  /** Each worker calls one of the current `origins`. */
  constructor(origins: () => readonly string[], workers: number) {
    this.#origins = origins
    this.#workers = Array.from({ length: workers }, (_, number) => this.#work(number))
  }

  /** Resolves when no mint is under way; none starts until `resume`. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await sleep(TIMEOUT_MS / 50)
  }

  resume(): void {
    this.#isPaused = false
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#workers)
  }

  async #work(number: number): Promise<void> {
    while (!this.#isStopped) {
      const origins = this.#origins()
      const origin = origins[number % origins.length]
      const isAnswered = origin !== undefined && !this.#isPaused && (await this.#mint(origin))
      if (!isAnswered) await sleep(AFTER_REFUSAL_MS)
    }
  }

  /** Whether the reply has a secret. */
  async #mint(origin: string): Promise<boolean> {
    try {
      const reply = await request(new URL(path, origin), {
        ...mint,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      })
      return this.#take(reply.statusCode, await reply.body.text())
    } catch {
      // The process was killed.
      return false
    }
  }

  #take(status: number, text: string): boolean {
    const [, secret] = /"value":"(ek_[^"]+)"/.exec(text) ?? []
    if (status === 200 && secret !== undefined) {
      this.delivered.push(secret)
      return true
    }
    if (status === 503 && text.includes('"code":"audit_unavailable"')) this.withheld += 1
    else if (status !== 503 || !text.includes('"code":"shutting_down"')) {
      this.unexpected.add(`${status} ${text.slice(0, 200)}`)
    }
    return false
  }
}
