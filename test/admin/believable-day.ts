/** A day of a small service, up to a given time: quiet at night, an outage of upstream, a flood of one caller, Redis lost. */
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { attemptFields } from '../audit/fields.ts'
import { Chain, type Files, toFiles } from '../audit-reader/chains.ts'
import { AUDIT_KEY } from '../support/service.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

const keys = deriveAuditKeys(new Secret(AUDIT_KEY))

/** The same numbers in each run (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Event {
  readonly time: number
  readonly event: string
  readonly fields: object
}

type Random = () => number

const toHex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')

const presets = [
  { preset: 'voice-assistant', origin: 'https://app.example.com', share: 0.62 },
  { preset: 'support-line', origin: 'https://support.example.com', share: 0.88 },
  { preset: 'live-translation', origin: 'https://app.example.com', share: 1 },
] as const

const isIn = (time: number, end: number, hoursAgo: number, minutes: number): boolean =>
  time >= end - hoursAgo * HOUR_MS && time < end - hoursAgo * HOUR_MS + minutes * MINUTE_MS

function toRequestId(random: Random): string {
  return `${toHex(random, 8)}-${toHex(random, 4)}-4${toHex(random, 3)}-8${toHex(random, 3)}-${toHex(random, 12)}`
}

function toUpstream(random: Random, status: number | null): object {
  return {
    status,
    code: null,
    param: null,
    request_id: status === null ? null : `req_${toHex(random, 32)}`,
    attempts: 1,
    ms: Math.round(140 + random() * 260),
  }
}

const refusals = [
  ['limit_per_caller', 'rate_limited', 429],
  ['token_expired', 'unauthenticated', 401],
  ['origin_unlisted', 'origin_not_allowed', 403],
  ['override_not_open', 'override_not_allowed', 403],
] as const

function toAttempt(time: number, end: number, random: Random): Event {
  const { preset, origin } = presets.find(({ share }) => random() < share) ?? presets[0]
  const person = Math.floor(random() * random() * 60)
  const caller = keys.toPseudonym('caller', `person-${person}`)
  const address = keys.toPseudonym('address', `198.51.100.${person}`)
  const shared = {
    ...attemptFields,
    request_id: toRequestId(random),
    origin,
    caller,
    address,
    preset,
    revision: 'a1b2c3d4e5f6',
  }
  const model = preset === 'live-translation' ? 'gpt-realtime-translate' : 'gpt-realtime-2.1'
  const fail = (reason: string, code: string, status: number, upstream: object | null): Event => {
    const fields = {
      ...shared,
      outcome: 'failed',
      code,
      reason,
      status,
      model,
      upstream,
      ms: Math.round(300 + random() * 4_000),
    }
    return { time, event: 'attempt', fields }
  }
  if (isIn(time, end, 3.2, 6)) {
    return random() < 0.4
      ? fail('upstream_error', 'upstream_unavailable', 503, toUpstream(random, 503))
      : fail('upstream_breaker_open', 'upstream_unavailable', 503, null)
  }
  if (preset === 'live-translation' && time >= end - 25 * MINUTE_MS) {
    return fail('upstream_model_not_found', 'upstream_rejected', 502, toUpstream(random, 404))
  }
  if (random() < 0.05) {
    const [reason, code, status] = refusals[Math.floor(random() * refusals.length)] ?? refusals[0]
    const known =
      code === 'unauthenticated' || code === 'origin_not_allowed'
        ? { caller: null, preset: null, revision: null }
        : {}
    const listed = code === 'origin_not_allowed' ? { origin: 'other' } : {}
    return {
      time,
      event: 'attempt',
      fields: { ...shared, ...known, ...listed, outcome: 'refused', code, reason, status, ms: 1 },
    }
  }
  const fields = {
    ...shared,
    outcome: 'issued',
    code: null,
    reason: null,
    status: 200,
    model,
    expires_after_seconds: 60,
    overrides: random() < 0.2 ? ['session.audio.output.voice'] : [],
    secret: toHex(random, 32),
    secret_expires_at: Math.round(time / 1000) + 60,
    upstream: toUpstream(random, 200),
    ms: Math.round(150 + random() * 300),
  }
  return { time, event: 'attempt', fields }
}

/** One caller in a loop: the first refusals have records, the rest is counted by the minute. */
function toFlood(end: number): Event[] {
  const caller = keys.toPseudonym('caller', 'person-7')
  const address = keys.toPseudonym('address', '203.0.113.9')
  const shared = {
    ...attemptFields,
    origin: 'https://app.example.com',
    caller,
    address,
    preset: 'voice-assistant',
  }
  const start = Math.floor((end - 42 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS
  return Array.from({ length: 9 }, (_minute, minute): Event[] => {
    const at = start + minute * MINUTE_MS
    const own = Array.from({ length: 5 }, (_own, index) => ({
      time: at + index * 200,
      event: 'attempt',
      fields: {
        ...shared,
        reason: 'limit_per_caller',
        request_id: `0000000${minute}-000${index}-4000-8000-000000000000`,
      },
    }))
    const count = 240 + minute * 17
    const detail = {
      minute: new Date(at).toISOString(),
      reasons: { limit_per_caller: count },
      addresses: [{ address, count: count - 3 }],
    }
    const counted = {
      ...attemptFields,
      outcome: null,
      reason: null,
      status: null,
      delivered: null,
      origin: null,
      address: null,
      ms: null,
      count,
      detail,
    }
    return [...own, { time: at + MINUTE_MS, event: 'refusals', fields: counted }]
  }).flat()
}

const toChanges = (end: number): Event[] => [
  { time: end - 20 * HOUR_MS, event: 'config', fields: { revision: 'a1b2c3d4e5f6', detail: { presets: 3 } } },
  {
    time: end - 9 * HOUR_MS,
    event: 'store',
    fields: { detail: { state: 'degraded', cause: 'ECONNREFUSED' } },
  },
  { time: end - 9 * HOUR_MS + 11 * MINUTE_MS, event: 'store', fields: { detail: { state: 'restored' } } },
  { time: end - 6.5 * HOUR_MS, event: 'key', fields: { secret: 'f'.repeat(32) } },
  {
    time: end - 26 * MINUTE_MS,
    event: 'config',
    fields: { revision: '77aa00bb11cc', detail: { presets: 3 } },
  },
]

export interface DayOptions {
  /** Unix milliseconds. */
  readonly end: number
  /** The mean number of attempts. */
  readonly attempts: number
}

export function toBelievableDay({ end, attempts }: DayOptions): Files {
  const random = createRandom(14)
  const start = end - 24 * HOUR_MS
  const own = Array.from({ length: attempts }, () => {
    // The later of two draws: the evening is busier than the night before.
    const time = start + Math.max(random(), random()) * 24 * HOUR_MS
    return toAttempt(Math.floor(time), end, random)
  })
  const chain = new Chain({ minute: (start - Date.UTC(2026, 10, 22)) / MINUTE_MS })
  chain.add('open', {
    time: new Date(start).toISOString(),
    detail: { file: chain.name, key: keys.id, heads: [] },
  })
  const events = [...own, ...toFlood(end), ...toChanges(end)].toSorted((one, other) => one.time - other.time)
  for (const { time, event, fields } of events) {
    chain.add(event, { ...fields, event, time: new Date(time).toISOString() })
  }
  return toFiles(chain)
}
