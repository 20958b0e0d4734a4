/** Access tokens in the shape of well-known issuers, with the settings that docs/configuration.md names. */
import { describe, expect, it } from 'vitest'
import type { AudienceClaim } from '../../src/auth/audience-claims.ts'
import { NOW, sign, verdictOf } from './secret-tokens.ts'

const MINUTE = 60

interface Issuer {
  readonly name: string
  readonly audiences: readonly string[]
  readonly audienceClaim?: AudienceClaim
  readonly header?: object
  /** `undefined` removes the claim that other tokens have. */
  readonly claims: Readonly<Record<string, unknown>> & { readonly iss: string }
}

const issuers: readonly Issuer[] = [
  {
    name: 'Auth0',
    audiences: ['https://mint.example.com'],
    header: { typ: 'at+jwt' },
    claims: {
      iss: 'https://shop.eu.auth0.com/',
      sub: 'auth0|65f1c0ffee',
      aud: ['https://mint.example.com', 'https://shop.eu.auth0.com/userinfo'],
      exp: NOW + 120 * MINUTE,
      azp: 'mF2xq',
      scope: 'openid profile',
      permissions: [],
    },
  },
  {
    name: 'Entra ID',
    audiences: ['6e74172b-be56-4843-9ff4-e66a39bb12e3'],
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0',
      aud: '6e74172b-be56-4843-9ff4-e66a39bb12e3',
      // Entra dates tokens five minutes back, and their lifetime is 60 to 90 minutes.
      iat: NOW - 5 * MINUTE,
      nbf: NOW - 5 * MINUTE,
      exp: NOW + 90 * MINUTE,
      ver: '2.0',
      scp: 'mint',
      tid: '72f988bf-86f1-41af-91ab-2d7cd011db47',
    },
  },
  {
    name: 'Cognito',
    audiences: ['4example23client'],
    audienceClaim: 'client_id',
    claims: {
      iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_example',
      aud: undefined,
      client_id: '4example23client',
      exp: NOW + 60 * MINUTE,
      token_use: 'access',
      'cognito:groups': ['pro'],
    },
  },
  {
    name: 'Keycloak',
    audiences: ['realtime-mint'],
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://id.example.com/realms/shop',
      aud: ['realtime-mint', 'account'],
      exp: NOW + 5 * MINUTE,
      typ: 'Bearer',
      azp: 'web',
      realm_access: { roles: ['pro'] },
    },
  },
  {
    name: 'Keycloak without an audience mapper',
    audiences: ['web'],
    audienceClaim: 'azp',
    claims: { iss: 'https://id.example.com/realms/shop', aud: 'account', azp: 'web', typ: 'Bearer' },
  },
  {
    name: 'Clerk',
    audiences: ['https://app.example.com', 'https://www.example.com'],
    audienceClaim: 'azp',
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    claims: {
      iss: 'https://clerk.example.com',
      aud: undefined,
      azp: 'https://www.example.com',
      nbf: NOW - 10,
      fva: [0, -1],
      v: 2,
    },
  },
  {
    name: 'Supabase',
    audiences: ['authenticated'],
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://abcdefgh.supabase.co/auth/v1',
      aud: 'authenticated',
      exp: NOW + 60 * MINUTE,
      role: 'authenticated',
      amr: [{ method: 'password', timestamp: NOW }],
    },
  },
  {
    name: 'Firebase',
    audiences: ['shop-project'],
    header: { typ: 'JWT' },
    claims: {
      iss: 'https://securetoken.google.com/shop-project',
      aud: 'shop-project',
      exp: NOW + 60 * MINUTE,
      auth_time: NOW,
      firebase: { sign_in_provider: 'password', identities: {} },
    },
  },
  {
    name: 'Okta',
    audiences: ['api://default'],
    claims: {
      iss: 'https://dev-1234.okta.com/oauth2/default',
      sub: 'ada@example.com',
      aud: 'api://default',
      exp: NOW + 60 * MINUTE,
      jti: 'AT.example',
      cid: '0oaexample',
      scp: ['openid'],
    },
  },
]

describe.each(issuers)('a token of $name', ({ audiences, audienceClaim = 'aud', header, claims }) => {
  // The lifetime is the default of AUTH_MAX_LIFETIME_SECONDS.
  const settings = { issuer: claims.iss, audiences, audienceClaim, maxLifetimeSeconds: 7_200 }

  it.each([
    ['is accepted', {}, 'valid'],
    ['is refused for another audience', { [audienceClaim]: 'another' }, 'token_audience'],
    ['is refused without an audience', { [audienceClaim]: undefined }, 'token_claim_missing'],
  ])('%s', async (_, changes, verdict) => {
    expect(await verdictOf(sign({ ...claims, ...changes }, header), settings)).toBe(verdict)
  })
})
