/** Tokens of an issuer that publishes its keys. The service fetches them over HTTP. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JWK } from 'jose'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { reasonOf } from '../support/replies.ts'
import {
  answerKeys,
  createKey,
  signText,
  startKeySetServer,
  type TestKey,
  toBearer,
  toClaims,
} from '../support/tokens.ts'
import { createGuard } from './secret-tokens.ts'

const algorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

const keys = new Map<string, TestKey>()
beforeAll(async () => {
  for (const alg of algorithms) keys.set(alg, await createKey(alg, alg))
})

function keyOf(alg: string): TestKey {
  const key = keys.get(alg)
  if (key === undefined) throw new Error(`there is no key for ${alg}`)
  return key
}

async function start(...published: readonly TestKey[]) {
  const server = await startKeySetServer(answerKeys(...published))
  const keySet = { url: server.url, proxy: undefined }
  const clocks = { monotonicNow: () => performance.now(), unixNow: () => Date.now() }
  const guard = createGuard({ keys: keySet, ...clocks })
  onTestFinished(() => guard.close())
  return { server, verdict: (token: string) => reasonOf(() => guard.identify(toBearer(token))) }
}

const publish = (jwk: JWK, key: TestKey): TestKey => ({ ...key, jwk })

describe('an algorithm of public keys', () => {
  it.each(algorithms)('%s is accepted', async (alg) => {
    expect(await (await start(...keys.values())).verdict(await keyOf(alg).sign())).toBe('valid')
  })

  it.each(algorithms)('%s is accepted with a key that names neither use nor algorithm', async (alg) => {
    const key = keyOf(alg)
    const { alg: _alg, use: _use, ...bare } = key.jwk
    expect(await (await start(publish(bare, key))).verdict(await key.sign())).toBe('valid')
  })

  it.each(algorithms)('%s is refused with another key', async (alg) => {
    const [key, other] = [keyOf(alg), await createKey(alg, alg)]
    expect(await (await start(key)).verdict(await other.sign())).toBe('token_signature')
  })
})

describe('the key id of a token', () => {
  it.each<[what: string, kid: unknown, verdict: string]>([
    ['of a published key', 'RS256', 'valid'],
    ['of no published key', 'other', 'token_key_unknown'],
    ['of a key for another algorithm', 'ES256', 'token_key_unknown'],
    ['that is a path', '../../etc/passwd', 'token_key_unknown'],
    ['that is an address', 'https://evil.example/jwks', 'token_key_unknown'],
    ['with SQL', "' or 1=1 --", 'token_key_unknown'],
    ['named like a member of every object', '__proto__', 'token_key_unknown'],
    ['that is empty', '', 'token_key_unknown'],
    ['that is not text', ['RS256'], 'token_key_unknown'],
  ])('%s: %s gives %s', async (_, kid, verdict) => {
    const running = await start(keyOf('RS256'), keyOf('ES256'))
    expect(await running.verdict(await keyOf('RS256').sign({}, { kid }))).toBe(verdict)
  })

  it('may be missing if one key fits', async () => {
    const key = await createKey('ES256')
    const running = await start(publish({ ...key.jwk, kid: 'named' }, key), keyOf('RS256'))
    expect(await running.verdict(await key.sign())).toBe('valid')
  })

  it('may be missing if several keys fit: only these verify the token', async () => {
    const [one, two, other] = await Promise.all([
      createKey('ES256'),
      createKey('ES256'),
      createKey('ES256'),
    ] as const)
    const running = await start(one, two)
    expect(await running.verdict(await one.sign())).toBe('valid')
    expect(await running.verdict(await two.sign())).toBe('valid')
    expect(await running.verdict(await two.sign({ aud: 'other' }))).toBe('token_audience')
    expect(await running.verdict(await other.sign())).toBe('token_signature')
  })
})

describe('a token cannot choose', () => {
  it.each(['HS256', 'HS384', 'HS512'])('to use the published key as a secret: %s', async (alg) => {
    const { jwk } = keyOf('RS256')
    const running = await start(keyOf('RS256'))
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
    const header = JSON.stringify({ alg, kid: 'RS256' })
    const claims = JSON.stringify(toClaims())
    for (const secret of [pem, jwk.n ?? '', JSON.stringify(jwk)]) {
      expect(await running.verdict(signText(header, claims, secret))).toBe('token_algorithm')
    }
  })

  it.each<[what: string, toHeader: (key: TestKey, url: string) => object]>([
    ['a key of its own', ({ jwk }) => ({ jwk })],
    [
      'a key of its own under a published key id',
      ({ jwk }) => ({ jwk: { ...jwk, kid: 'ES256' }, kid: 'ES256' }),
    ],
    ['a key set of its own', (_, url) => ({ jku: url, kid: 'mine' })],
    ['a certificate of its own', (_, url) => ({ x5u: url, kid: 'mine' })],
    ['a chain of its own', () => ({ x5c: ['MIIB'], kid: 'mine' })],
  ])('%s', async (_, toHeader) => {
    const [mine, running] = [await createKey('ES256', 'mine'), await start(keyOf('ES256'))]
    const own = await startKeySetServer(answerKeys(mine))
    const token = await mine.sign({}, toHeader(mine, own.url.href))
    expect(await running.verdict(token)).toMatch(/^token_(key_unknown|signature)$/)
    expect(own.asked).toEqual([])
  })

  it('another algorithm of the same key', async () => {
    const key = keyOf('RS256')
    const other = await createKey('PS256', 'RS256')
    expect(await (await start(key)).verdict(await other.sign())).toBe('token_key_unknown')
  })
})

describe('a key that should not be in the set', () => {
  it('verifies nothing if it is a secret', async () => {
    const secret = 'a secret that the whole world can read'
    const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'x', alg: 'HS256' }
    const running = await start(publish(jwk, keyOf('ES256')))
    const token = signText('{"alg":"HS256","kid":"x"}', JSON.stringify(toClaims()), secret)
    expect(await running.verdict(token)).toBe('token_algorithm')
  })

  it('verifies nothing if it is private', async () => {
    const key = keyOf('ES256')
    const running = await start(publish({ ...key.privateJwk, kid: 'ES256' }, key))
    expect(await running.verdict(await key.sign())).toBe('token_key_unknown')
  })

  it('verifies nothing if it has 1024 bits', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'RS256' }
    const running = await start(publish(jwk, keyOf('RS256')))
    expect(await running.verdict(await keyOf('RS256').sign())).toBe('token_key_unknown')
  })

  it.each<[what: string, part: JWK]>([
    ['for encryption', { use: 'enc' }],
    ['for another algorithm', { alg: 'ES384' }],
    ['for signing only', { key_ops: ['sign'] }],
    ['on no curve', { crv: 'P-0' }],
    ['not on its curve', { x: 'AAAA' }],
    ['of an unknown type', { kty: 'XX' }],
  ])('verifies nothing if it is %s', async (_, part) => {
    const key = keyOf('ES256')
    const running = await start(publish({ ...key.jwk, ...part }, key), keyOf('RS256'))
    expect(await running.verdict(await key.sign())).toBe('token_key_unknown')
    expect(await running.verdict(await keyOf('RS256').sign())).toBe('valid')
  })
})

describe('when the issuer changes its keys', () => {
  it('tokens of the new key are accepted at once, those of the old key no longer: keys without ids', async () => {
    const [before, after] = [await createKey('ES256'), await createKey('ES256')]
    const running = await start(before)
    expect(await running.verdict(await before.sign())).toBe('valid')
    running.server.answer(answerKeys(after))
    expect(await running.verdict(await after.sign())).toBe('valid')
    expect(await running.verdict(await before.sign())).toBe('token_signature')
  })

  it('an expired token causes no fetch', async () => {
    const running = await start(keyOf('ES256'))
    expect(await running.verdict(await keyOf('ES256').sign({ exp: 1 }))).toBe('token_expired')
    expect(running.server.asked).toHaveLength(1)
  })
})
