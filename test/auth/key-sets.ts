/** A key set, its server and a manual clock. */
import type { JWTVerifyGetKey } from 'jose'
import { beforeAll, onTestFinished } from 'vitest'
import { KeySet } from '../../src/auth/key-set.ts'
import { type Answer, answerKeys, createKey, startKeySetServer, type TestKey } from '../support/tokens.ts'

interface Keyring {
  readonly first: TestKey
  readonly second: TestKey
}

/** Call it once per test file: it creates the keys before the tests. */
export function prepareKeySets() {
  const keyrings: Keyring[] = []
  beforeAll(async () => {
    keyrings.push({ first: await createKey('ES256', 'first'), second: await createKey('ES256', 'second') })
  })

  /** `toAnswer` is the server's first answer. `changes` are the calls of onChange. */
  return async (toAnswer: (keyring: Keyring) => Answer = ({ first }) => answerKeys(first), query = '') => {
    const [keyring] = keyrings
    if (keyring === undefined) throw new Error('the keys do not exist yet')
    const server = await startKeySetServer(toAnswer(keyring))
    const clock = { ms: 1_000 }
    const changes: (string | undefined)[] = []
    const dates: number[] = []
    const keySet = new KeySet({
      url: new URL(query, server.url),
      proxy: undefined,
      monotonicNow: () => clock.ms,
      onChange: (cause) => changes.push(cause),
      onDate: (ms) => dates.push(ms),
    })
    onTestFinished(() => keySet.close())
    return { keySet, server, clock, changes, dates, ...keyring }
  }
}

export const has = async (keys: JWTVerifyGetKey | undefined, kid: string): Promise<boolean> => {
  const found = keys?.({ alg: 'ES256', kid }, { payload: '', signature: '' })
  return found === undefined
    ? false
    : Promise.resolve(found).then(
        () => true,
        () => false,
      )
}

export const unavailable = {
  reason: 'keys_unavailable',
  code: 'authentication_unavailable',
  status: 503,
} as const
