// Pages that mint through the proxy, over TLS.
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'

export interface Reply {
  /** 0 if the connection failed. */
  readonly status: number
  readonly body: string
  /** Milliseconds, by `performance.now`. */
  readonly startedAt: number
  readonly endedAt: number
}

/** Asks for a secret for a preset, and may lie about the address. */
export type Mint = (preset: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>

/** Trusts only `authority`, a certificate in PEM. */
export function createMint(url: string, authority: string): { mint: Mint; close: () => Promise<void> } {
  const dispatcher = new Agent({ connect: { ca: authority } })
  async function mint(preset: string, headers = {}): Promise<Reply> {
    const startedAt = performance.now()
    const toReply = (status: number, body: string): Reply => ({
      status,
      body,
      startedAt,
      endedAt: performance.now(),
    })
    try {
      const reply = await request(`${url}/v1/realtime/client_secrets`, {
        method: 'POST',
        headers: { origin: 'http://localhost:3000', 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ preset }),
        dispatcher,
      })
      return toReply(reply.statusCode, await reply.body.text())
    } catch (error) {
      return toReply(0, String(error))
    }
  }
  return { mint, close: () => dispatcher.destroy() }
}

/** Eight pages that mint one secret after another until `work` is done. All replies. */
export async function mintDuring(mint: Mint, work: () => Promise<unknown>): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  const ending = new AbortController()
  async function keepMinting(): Promise<void> {
    while (!ending.signal.aborted) {
      replies.push(await mint('free'))
      await delay(5)
    }
  }
  const pages = Array.from({ length: 8 }, keepMinting)
  try {
    await delay(1_000)
    await work()
    await delay(1_000)
  } finally {
    ending.abort()
    await Promise.all(pages)
  }
  return replies
}
