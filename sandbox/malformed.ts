// Replies that look like success: each variant breaks a valid reply in one way.
import { gzipSync } from 'node:zlib'
import type { Answer } from './answer.ts'
import type { MalformedVariant } from './behaviour.ts'
import type { Grant, MintTerms } from './mint.ts'

const MiB = 1024 * 1024
const PREFIX = 'ek_'
const YEAR_SECONDS = 365 * 24 * 60 * 60

type Spoil = (grant: Grant, terms: MintTerms) => Answer

const toText = ({ toReply, secret }: Grant): string => JSON.stringify(toReply(secret))
const withStatus =
  (status: number): Spoil =>
  (grant) => ({ status, body: toText(grant) })
const withMembers = ({ toReply, secret }: Grant, members: object): Answer => ({
  status: 200,
  body: JSON.stringify(toReply({ ...secret, ...members })),
})
const withValue =
  (toValue: (terms: MintTerms, value: string) => unknown): Spoil =>
  (grant, terms) =>
    withMembers(grant, { value: toValue(terms, grant.secret.value) })
const withExpiry =
  (change: (seconds: number) => unknown): Spoil =>
  (grant) =>
    withMembers(grant, { expires_at: change(grant.secret.expires_at) })

const spoils: Readonly<Record<MalformedVariant, Spoil>> = {
  'invalid-json': (grant) => ({ status: 200, body: toText(grant).slice(0, -1) }),
  html: () => ({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!doctype html><title>Sandbox</title><p>Not a client secret.</p>',
  }),
  array: ({ toReply, secret }) => ({ status: 200, body: JSON.stringify([toReply(secret)]) }),
  empty: () => ({ status: 200, body: '' }),
  'utf-16': (grant) => ({
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-16' },
    body: Buffer.from(`\ufeff${toText(grant)}`, 'utf16le'),
  }),
  gzip: (grant) => ({
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(toText(grant)),
  }),
  huge: (grant) => ({ status: 200, body: hugeBody(grant) }),
  created: withStatus(201),
  'no-content': () => ({ status: 204, body: '' }),
  'partial-content': withStatus(206),
  // To the same path: a client that follows redirects would get a secret.
  redirect: (grant) => ({ status: 307, headers: { location: '?redirected' }, body: toText(grant) }),
  'missing-value': withValue(() => undefined),
  'value-not-a-string': withValue(() => 12_345),
  'value-without-prefix': withValue((_terms, value) => value.slice(PREFIX.length)),
  'value-only-prefix': withValue(() => PREFIX),
  'value-with-space': withValue(() => `${PREFIX}sandbox two words`),
  'value-not-ascii': withValue(() => `${PREFIX}sandbox_ключ`),
  'value-is-api-key': withValue(({ apiKey }) => apiKey),
  'value-contains-api-key': withValue(({ apiKey }) => `${PREFIX}${apiKey}_sandbox`),
  'value-1mb': withValue(() => `${PREFIX}${'a'.repeat(MiB)}`),
  'missing-expires-at': withExpiry(() => undefined),
  'expires-at-in-milliseconds': withExpiry((seconds) => seconds * 1000),
  'expires-at-past': withExpiry((seconds) => seconds - YEAR_SECONDS),
  'expires-at-far': withExpiry((seconds) => seconds + YEAR_SECONDS),
  'expires-at-string': withExpiry(String),
  'expires-at-float': withExpiry((seconds) => seconds + 0.5),
  'extra-fields': (grant) =>
    withMembers(grant, { object: 'client_secret', created_at: 0, extra: { deep: [null] } }),
}

/** Breaks the reply to a valid request. */
export function spoil(variant: MalformedVariant, grant: Grant, terms: MintTerms): Answer {
  return spoils[variant](grant, terms)
}

/** A reply whose secret has 100 MiB more, in pieces, so that it needs no memory. */
function* hugeBody(grant: Grant): Generator<string> {
  const { value } = grant.secret
  const [before = '', after = ''] = toText(grant).split(value)
  yield before + value
  const piece = 'a'.repeat(64 * 1024)
  for (let sent = 0; sent < 100 * MiB; sent += piece.length) yield piece
  yield after
}
