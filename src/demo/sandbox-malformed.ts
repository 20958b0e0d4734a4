// Replies that look like success and are not: one way to spoil a good reply per variant.
import { gzipSync } from 'node:zlib'
import type { Answer } from './sandbox-answer.ts'
import type { MalformedVariant } from './sandbox-behaviour.ts'
import type { MintReply } from './sandbox-mint.ts'

const MiB = 1024 * 1024
const yearSeconds = 365 * 24 * 60 * 60

type Spoil = (reply: MintReply, apiKey: string) => Answer

const ok = (body: unknown): Answer => ({ status: 200, body: JSON.stringify(body) })
const withStatus =
  (status: number): Spoil =>
  (reply) => ({ status, body: JSON.stringify(reply) })
const withValue =
  (value: unknown): Spoil =>
  (reply) =>
    ok({ ...reply, value })
const withExpiry =
  (change: (seconds: number) => unknown): Spoil =>
  (reply) =>
    ok({ ...reply, expires_at: change(reply.expires_at) })

const spoils: Readonly<Record<MalformedVariant, Spoil>> = {
  'invalid-json': (reply) => ({ status: 200, body: JSON.stringify(reply).slice(0, -1) }),
  html: () => ({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: '<!doctype html><title>Sandbox</title><p>Not a client secret.</p>',
  }),
  array: (reply) => ok([reply]),
  empty: () => ({ status: 200, body: '' }),
  'utf-16': (reply) => ({
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-16' },
    body: Buffer.from(`\ufeff${JSON.stringify(reply)}`, 'utf16le'),
  }),
  gzip: (reply) => ({
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: gzipSync(JSON.stringify(reply)),
  }),
  huge: () => ({ status: 200, body: hugeBody() }),
  created: withStatus(201),
  'no-content': () => ({ status: 204, body: '' }),
  'partial-content': withStatus(206),
  redirect: (reply) => ({
    status: 307,
    headers: { location: '/v1/realtime/client_secrets?redirected' },
    body: JSON.stringify(reply),
  }),
  'missing-value': withValue(undefined),
  'value-not-a-string': withValue(12_345),
  'value-without-prefix': (reply) => ok({ ...reply, value: reply.value.replace('ek_', 'tk_') }),
  'value-only-prefix': withValue('ek_'),
  'value-with-space': withValue('ek_sandbox two words'),
  'value-not-ascii': withValue('ek_sandbox_ключ'),
  'value-is-api-key': (reply, apiKey) => ok({ ...reply, value: apiKey }),
  'value-contains-api-key': (reply, apiKey) => ok({ ...reply, value: `ek_${apiKey}_sandbox` }),
  'value-1mb': (reply) => ok({ ...reply, value: `ek_${'a'.repeat(MiB)}` }),
  'missing-expires-at': withExpiry(() => undefined),
  'expires-at-in-milliseconds': withExpiry((seconds) => seconds * 1000),
  'expires-at-past': withExpiry((seconds) => seconds - yearSeconds),
  'expires-at-far': withExpiry((seconds) => seconds + yearSeconds),
  'expires-at-string': withExpiry(String),
  'expires-at-float': withExpiry((seconds) => seconds + 0.5),
  'extra-fields': (reply) =>
    ok({ ...reply, object: 'client_secret', created_at: 0, extra: { deep: [null] } }),
}

/** The spoiled form of a reply that was granted. */
export function spoil(variant: MalformedVariant, reply: MintReply, apiKey: string): Answer {
  return spoils[variant](reply, apiKey)
}

/** 100 MiB of one JSON string, in pieces, so that it need not be held. */
function* hugeBody(): Generator<string> {
  const piece = 'a'.repeat(64 * 1024)
  yield '{"value":"ek_'
  for (let sent = 0; sent < 100 * MiB; sent += piece.length) yield piece
  yield '"}'
}
