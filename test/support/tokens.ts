/** An issuer of tokens: its keys, its tokens and its key set. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { Certificate } from './certificates.ts'
import { listen } from './upstream.ts'

export const ISSUER = 'https://issuer.example.com/'
export const AUDIENCE = 'realtime-mint'
export const SUBJECT = 'auth0|subject-of-a-token'

/** Shared with the issuer, for HS256. */
export const JWT_SECRET = 'a shared secret that is only for tests'

export const issuerEnvironment = {
  AUTH_MODE: 'jwt',
  AUTH_ISSUER: ISSUER,
  AUTH_AUDIENCE: AUDIENCE,
} as const

export const secretEnvironment = { ...issuerEnvironment, AUTH_JWT_SECRET: JWT_SECRET } as const

/** The claims of a token that is valid for a minute. A claim that is undefined is left out. */
export function toClaims(claims: JWTPayload = {}, nowMs = Date.now()): JWTPayload {
  const iat = Math.floor(nowMs / 1000)
  return { iss: ISSUER, aud: AUDIENCE, sub: SUBJECT, iat, exp: iat + 60, ...claims }
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

/** Signs any header and any payload with HS256. */
export function signText(header: string, payload: string, secret: string | Buffer = JWT_SECRET): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** A token that is signed with JWT_SECRET. */
export const toToken = (claims: JWTPayload = {}, header: object = {}, nowMs?: number): string =>
  signText(JSON.stringify({ alg: 'HS256', ...header }), JSON.stringify(toClaims(claims, nowMs)))

export const toBearer = (token: string) => ({ authorization: `Bearer ${token}` }) as const

export interface TestKey {
  /** The public key, as in the key set. */
  readonly jwk: JWK
  readonly privateJwk: JWK
  /** Signs a token. A header member that is undefined is left out. */
  readonly sign: (claims?: JWTPayload, header?: object, nowMs?: number) => Promise<string>
}

export async function createKey(alg: string, kid?: string): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg, use: 'sig', ...(kid === undefined ? {} : { kid }) }
  return {
    jwk,
    privateJwk: await exportJWK(privateKey),
    sign: (claims, header = {}, nowMs = Date.now()) =>
      new SignJWT(toClaims(claims, nowMs))
        .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }), ...header })
        .sign(privateKey),
  }
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => unknown

export const answerKeys =
  (...keys: readonly TestKey[]): Answer =>
  (_request, response) =>
    response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))

export interface KeySetServer {
  readonly url: URL
  /** The requests so far, as `GET /jwks`. */
  readonly asked: readonly string[]
  /** Changes the answer to later requests. */
  readonly answer: (answer: Answer) => void
}

/** Serves a key set on loopback until the test ends, with TLS if there is a certificate. */
export async function startKeySetServer(first: Answer, certificate?: Certificate): Promise<KeySetServer> {
  const asked: string[] = []
  let current = first
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(`${request.method} ${request.url}`)
    current(request, response)
  }
  const server = certificate === undefined ? createServer(serve) : createHttpsServer(certificate, serve)
  const port = await listen(server)
  return {
    url: new URL(
      certificate === undefined ? `http://127.0.0.1:${port}/jwks` : `https://localhost:${port}/jwks`,
    ),
    asked,
    answer: (answer) => {
      current = answer
    },
  }
}
