/** Tokens of an issuer that publishes its keys, fetched over HTTP. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JWK } from 'jose'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type CallerGuard, createCallerGuard } from '../../src/auth/caller.ts'
import { ServiceError } from '../../src/errors.ts'
import {
  AUDIENCE,
  answerKeys,
  createKey,
  ISSUER,
  type KeySetServer,
  SUBJECT,
  signText,
  startKeySetServer,
  type TestKey,
  toBearer,
  toClaims,
} from '../support/tokens.ts'

const algorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

const keys = new Map<string, TestKey>()
beforeAll(async () => {
  const made = await Promise.all(algorithms.map((alg) => createKey(alg, alg)))
  for (const [index, alg] of algorithms.entries()) {
    const key = made[index]
    if (key !== undefined) keys.set(alg, key)
  }
})

function keyOf(alg: string): TestKey {
  const key = keys.get(alg)
  if (key === undefined) throw new Error(`there is no key for ${alg}`)
  return key
}

interface Running {
  readonly guard: CallerGuard
  readonly server: KeySetServer
}

async function start(...published: readonly TestKey[]): Promise<Running> {
  const server = await startKeySetServer(answerKeys(...published))
  const guard = createCallerGuard({
    keys: { url: server.url, proxy: undefined },
    issuer: ISSUER,
    audience: AUDIENCE,
    maxLifetimeSeconds: 3_600,
    singleUse: false,
    now: () => performance.now(),
    unixNow: () => Date.now(),
  })
  onTestFinished(() => guard.close())
  return { guard, server }
}

/** `holds`, or the reason why it does not. */
async function verdictOf({ guard }: Running, token: string): Promise<string> {
  try {
    await guard.identify(toBearer(token))
    return 'holds'
  } catch (error) {
    if (error instanceof ServiceError) return error.reason
    throw error
  }
}

const publish = (jwk: JWK, key: TestKey): TestKey => ({ ...key, jwk })

describe('an algorithm of public keys', () => {
  it.each(algorithms)('%s holds', async (alg) => {
    const { guard } = await start(...keys.values())
    expect(await guard.identify(toBearer(await keyOf(alg).sign()))).toMatchObject({ subject: SUBJECT })
  })

  it.each(algorithms)('%s holds where the key does not say what it is for', async (alg) => {
    const key = keyOf(alg)
    const { alg: _alg, use: _use, ...bare } = key.jwk
    expect(await verdictOf(await start(publish(bare, key)), await key.sign())).toBe('holds')
  })

  it.each(algorithms)('%s does not hold by another key', async (alg) => {
    const [key, other] = [keyOf(alg), await createKey(alg, alg)]
    expect(await verdictOf(await start(key), await other.sign())).toBe('token_signature')
  })
})

describe('a token names its key', () => {
  it.each<[what: string, kid: unknown, verdict: string]>([
    ['that there is', 'RS256', 'holds'],
    ['that there is not', 'other', 'token_key_unknown'],
    ['of another kind', 'ES256', 'token_key_unknown'],
    ['by a path', '../../etc/passwd', 'token_key_unknown'],
    ['by an address', 'https://evil.example/jwks', 'token_key_unknown'],
    ['with SQL', "' or 1=1 --", 'token_key_unknown'],
    ['with what every object has', '__proto__', 'token_key_unknown'],
    ['with nothing', '', 'token_key_unknown'],
    ['with no text', ['RS256'], 'token_key_unknown'],
  ])('%s', async (_, kid, verdict) => {
    const running = await start(keyOf('RS256'), keyOf('ES256'))
    expect(await verdictOf(running, await keyOf('RS256').sign({}, { kid }))).toBe(verdict)
  })

  it('or does not, where one key fits', async () => {
    const key = await createKey('ES256')
    const running = await start(publish({ ...key.jwk, kid: 'named' }, key), keyOf('RS256'))
    expect(await verdictOf(running, await key.sign())).toBe('holds')
  })

  it('or does not, where several fit: any may have signed it, and none else', async () => {
    const [one, two, other] = await Promise.all([
      createKey('ES256'),
      createKey('ES256'),
      createKey('ES256'),
    ] as const)
    const running = await start(one, two)
    expect(await verdictOf(running, await one.sign())).toBe('holds')
    expect(await verdictOf(running, await two.sign())).toBe('holds')
    expect(await verdictOf(running, await two.sign({ aud: 'other' }))).toBe('token_audience')
    expect(await verdictOf(running, await other.sign())).toBe('token_signature')
  })
})

describe('a token does not choose', () => {
  it.each(['HS256', 'HS384', 'HS512'])('to take the published key for a secret: %s', async (alg) => {
    const { jwk } = keyOf('RS256')
    const running = await start(keyOf('RS256'))
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const header = JSON.stringify({ alg, kid: 'RS256' })
    const claims = JSON.stringify(toClaims())
    for (const secret of [pem, jwk.n ?? '', JSON.stringify(jwk)]) {
      expect(await verdictOf(running, signText(header, claims, secret))).toBe('token_algorithm')
    }
  })

  it.each<[what: string, toHeader: (key: TestKey, url: string) => object]>([
    ['a key of its own', ({ jwk }) => ({ jwk })],
    ['a key of its own by its name', ({ jwk }) => ({ jwk: { ...jwk, kid: 'ES256' }, kid: 'ES256' })],
    ['a key set of its own', (_, url) => ({ jku: url, kid: 'mine' })],
    ['a certificate of its own', (_, url) => ({ x5u: url, kid: 'mine' })],
    ['a chain of its own', () => ({ x5c: ['MIIB'], kid: 'mine' })],
  ])('%s', async (_, toHeader) => {
    const [mine, running] = [await createKey('ES256', 'mine'), await start(keyOf('ES256'))]
    const own = await startKeySetServer(answerKeys(mine))
    const token = await mine.sign({}, toHeader(mine, own.url.href))
    expect(await verdictOf(running, token)).toMatch(/^token_(key_unknown|signature)$/)
    expect(own.asked).toEqual([])
  })

  it('another algorithm of the same key', async () => {
    const key = keyOf('RS256')
    const other = await createKey('PS256', 'RS256')
    expect(await verdictOf(await start(key), await other.sign())).toBe('token_key_unknown')
  })
})

describe('a key of the set that nobody should have published', () => {
  it('a secret verifies nothing', async () => {
    const secret = 'a secret that the whole world can read'
    const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'x', alg: 'HS256' }
    const running = await start(publish(jwk, keyOf('ES256')))
    const token = signText('{"alg":"HS256","kid":"x"}', JSON.stringify(toClaims()), secret)
    expect(await verdictOf(running, token)).toBe('token_algorithm')
  })

  it('a private key verifies nothing', async () => {
    const key = keyOf('ES256')
    const running = await start(publish({ ...key.privateJwk, kid: 'ES256' }, key))
    expect(await verdictOf(running, await key.sign())).toBe('token_key_unknown')
  })

  it('a key of 1024 bits verifies nothing', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'RS256' }
    const running = await start(publish(jwk, keyOf('RS256')))
    expect(await verdictOf(running, await keyOf('RS256').sign())).toBe('token_key_unknown')
  })

  it.each<[what: string, part: JWK]>([
    ['to encrypt', { use: 'enc' }],
    ['for another algorithm', { alg: 'ES384' }],
    ['for other work', { key_ops: ['sign'] }],
    ['on no curve', { crv: 'P-0' }],
    ['at no point of its curve', { x: 'AAAA' }],
    ['of a kind that is none', { kty: 'XX' }],
  ])('a key %s verifies nothing', async (_, part) => {
    const key = keyOf('ES256')
    const running = await start(publish({ ...key.jwk, ...part }, key), keyOf('RS256'))
    expect(await verdictOf(running, await key.sign())).toBe('token_key_unknown')
    expect(await verdictOf(running, await keyOf('RS256').sign())).toBe('holds')
  })
})

describe('when the issuer changes its keys', () => {
  it('tokens of the new one hold at once, those of the old one no more', async () => {
    const [before, after] = [await createKey('ES256', 'before'), await createKey('ES256', 'after')]
    const running = await start(before)
    expect(await verdictOf(running, await before.sign())).toBe('holds')
    running.server.answer(answerKeys(after))
    expect(await verdictOf(running, await after.sign())).toBe('holds')
    expect(await verdictOf(running, await before.sign())).toBe('token_key_unknown')
    expect(running.server.asked).toHaveLength(2)
  })

  it('so they do where its keys have no names', async () => {
    const [before, after] = [await createKey('ES256'), await createKey('ES256')]
    const running = await start(before)
    expect(await verdictOf(running, await before.sign())).toBe('holds')
    running.server.answer(answerKeys(after))
    expect(await verdictOf(running, await after.sign())).toBe('holds')
    expect(await verdictOf(running, await before.sign())).toBe('token_signature')
  })

  it('a storm of tokens that name keys of nobody asks once', async () => {
    const running = await start(keyOf('ES256'))
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => keyOf('ES256').sign({}, { kid: `nobody-${index}` })),
    )
    const verdicts = await Promise.all(tokens.map((token) => verdictOf(running, token)))
    expect(new Set(verdicts)).toEqual(new Set(['token_key_unknown']))
    expect(await verdictOf(running, await keyOf('ES256').sign())).toBe('holds')
    // One at the start, and one for all of them.
    expect(running.server.asked).toHaveLength(2)
  })

  it('a token that is only expired asks for nothing', async () => {
    const running = await start(keyOf('ES256'))
    expect(await verdictOf(running, await keyOf('ES256').sign({ exp: 1 }))).toBe('token_expired')
    expect(running.server.asked).toHaveLength(1)
  })
})
