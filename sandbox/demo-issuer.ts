/** The issuer of the demo, for AUTH_MODE=jwt: signs tokens of one test user. */
import { randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Environment } from '../src/config.ts'

export interface DemoIssuer {
  /** What makes the service accept its tokens. */
  readonly environment: Environment
  /** A token for two minutes from `issuedAt`, in Unix seconds. */
  readonly toToken: (issuedAt: number) => Promise<string>
}

const SECONDS = 120

export function createDemoIssuer(): DemoIssuer {
  const secret = randomBytes(32).toString('base64url')
  const issuer = 'https://issuer.demo.invalid'
  const audience = 'realtime-mint-demo'
  return {
    environment: {
      AUTH_MODE: 'jwt',
      AUTH_JWT_SECRET: secret,
      AUTH_ISSUER: issuer,
      AUTH_AUDIENCE: audience,
    },
    toToken: (issuedAt) =>
      new SignJWT()
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject('ada')
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + SECONDS)
        .sign(Buffer.from(secret)),
  }
}
