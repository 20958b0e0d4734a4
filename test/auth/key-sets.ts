/** A key set, its server and a manual clock. */
import type { JWTVerifyGetKey } from 'jose'
import { onTestFinished, vi } from 'vitest'
import { KeySet } from '../../src/auth/key-set.ts'
import { type Answer, answerKeys, createKey, startKeySetServer } from '../support/tokens.ts'

const keyring = { first: await createKey('ES256', 'first'), second: await createKey('ES256', 'second') }

/** `toAnswer` is the server's first answer. `url` replaces its URL, or a part. `changes` are the calls of onChange. */
export async function createKeySet(
  toAnswer: (keys: typeof keyring) => Answer = ({ first }) => answerKeys(first),
  url = '',
) {
  const server = await startKeySetServer(toAnswer(keyring))
  const clock = { ms: 1_000 }
  const changes: (string | undefined)[] = []
  const dates: number[] = []
  const keySet = new KeySet({
    url: new URL(url, server.url),
    proxy: undefined,
    monotonicNow: () => clock.ms,
    onChange: (cause) => changes.push(cause),
    onDate: (ms) => dates.push(ms),
  })
  onTestFinished(() => keySet.close())
  return { keySet, server, clock, changes, dates, ...keyring }
}

/** Timers wait until the test advances them; sockets do not. */
export function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

export async function has(keys: JWTVerifyGetKey | undefined, kid: string): Promise<boolean> {
  try {
    return (await keys?.({ alg: 'ES256', kid }, { payload: '', signature: '' })) !== undefined
  } catch {
    return false
  }
}

export const unavailable = {
  reason: 'keys_unavailable',
  code: 'authentication_unavailable',
  status: 503,
} as const
