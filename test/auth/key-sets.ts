/** A key set in front of a server, with a clock that stands still until it is moved. */
import type { JWTVerifyGetKey } from 'jose'
import { beforeAll, onTestFinished } from 'vitest'
import { KeySet } from '../../src/auth/key-set.ts'
import { type Answer, answerKeys, createKey, startKeySetServer, type TestKey } from '../support/tokens.ts'

interface Keyring {
  readonly first: TestKey
  readonly second: TestKey
}

/** To be called in a test file: its keys are made before its tests. */
export function prepareKeySets() {
  const keyrings: Keyring[] = []
  beforeAll(async () => {
    keyrings.push({ first: await createKey('ES256', 'first'), second: await createKey('ES256', 'second') })
  })

  /** What the server answers first, and what the key set told of itself. */
  return async (toAnswer: (keyring: Keyring) => Answer = ({ first }) => answerKeys(first), query = '') => {
    const [keyring] = keyrings
    if (keyring === undefined) throw new Error('there are no keys')
    const server = await startKeySetServer(toAnswer(keyring))
    const clock = { ms: 1_000 }
    const told: string[] = []
    const keySet = new KeySet({
      url: new URL(query, server.url),
      proxy: undefined,
      now: () => clock.ms,
      onChange: (coming, cause) => told.push(coming ? 'coming' : `not coming: ${cause}`),
    })
    onTestFinished(() => keySet.close())
    return { keySet, server, clock, told, ...keyring }
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
