/** A real OpenID provider as the issuer, which rotates its keys; the service verifies by its published key set. */
import { createServer, type RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { Provider } from 'oidc-provider'
import { request } from 'undici'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusalOf } from '../support/replies.ts'
import { startTestService } from '../support/service.ts'
import { toBearer } from '../support/tokens.ts'
import { listen } from '../support/upstream.ts'

const AUDIENCE = 'https://mint.example.com'
const CLIENT = { id: 'browser-app', secret: 'the secret of the client' } as const

const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
type Algorithm = (typeof algorithms)[number]

async function createPrivateKey(alg: string, kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' }
}

const generations = new Map<string, readonly JWK[]>()
beforeAll(async () => {
  for (const generation of ['old', 'new']) {
    generations.set(
      generation,
      await Promise.all(algorithms.map((alg) => createPrivateKey(alg, `${alg}-${generation}`))),
    )
  }
})

/** Keeps nothing, because the tokens are valid by themselves; the provider's own store would warn of itself. */
class NoStore {
  async upsert(): Promise<void> {}
  async find(): Promise<void> {}
  async consume(): Promise<void> {}
  async destroy(): Promise<void> {}
}

/** Access tokens as JSON Web Tokens, for clients that know the secret. */
const toConfiguration = (keys: readonly JWK[], alg: Algorithm) => ({
  adapter: NoStore,
  jwks: { keys },
  clients: [
    {
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  ttl: { ClientCredentials: 120 },
  cookies: { keys: ['of no use here'] },
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: () => ({
        scope: '',
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 120,
        jwt: { sign: { alg } },
      }),
    },
  },
})

async function startIssuer(alg: Algorithm) {
  let answer: RequestListener | undefined
  const port = await listen(createServer((incoming, response) => answer?.(incoming, response)))
  const url = `http://127.0.0.1:${port}`

  /** The same issuer, from now on with the keys of these generations; the first of them signs. */
  function rotate(...names: readonly string[]): void {
    const keys = names.flatMap((name) => generations.get(name) ?? [])
    answer = new Provider(url, toConfiguration(keys, alg)).callback()
  }

  async function askForToken(): Promise<string> {
    const { body } = await request(`${url}/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: AUDIENCE }).toString(),
    })
    const reply: unknown = await body.json()
    const token =
      typeof reply === 'object' && reply !== null && 'access_token' in reply ? reply.access_token : ''
    if (typeof token !== 'string' || token === '') throw new Error(`no token: ${JSON.stringify(reply)}`)
    return token
  }

  rotate('old')
  return { url, rotate, askForToken }
}

/** An issuer, and what a service in front of it does with a token. */
async function startBoth(alg: Algorithm) {
  const issuer = await startIssuer(alg)
  const [AUTH_ISSUER, AUTH_JWKS_URL] = [issuer.url, `${issuer.url}/jwks`]
  const service = await startTestService({
    environment: { AUTH_MODE: 'jwt', AUTH_ISSUER, AUTH_AUDIENCE: AUDIENCE, AUTH_JWKS_URL },
  })
  const mint = async (token: string) => {
    const reply = await service.mint({ preset: 'assistant' }, toBearer(token))
    return reply.statusCode === 200
      ? 'issued'
      : [...refusalOf(reply), (await service.records()).at(-1)?.['reason']]
  }
  return { ...issuer, mint }
}

describe.each(algorithms)('tokens of an OpenID provider, signed with %s', (alg) => {
  it('mint, also those of keys that came after the start', async () => {
    const { askForToken, rotate, mint } = await startBoth(alg)
    const old = await askForToken()
    expect(await mint(old)).toBe('issued')
    rotate('new', 'old')
    expect(await mint(await askForToken())).toBe('issued')
    expect(await mint(old)).toBe('issued')
  })

  it('mint no more once their keys are gone', async () => {
    const { askForToken, rotate, mint } = await startBoth(alg)
    const old = await askForToken()
    rotate('new')
    expect(await mint(await askForToken())).toBe('issued')
    expect(await mint(old)).toStrictEqual([401, 'unauthenticated', null, 'token_key_unknown'])
  })
})
