/** A day of a small service, up to a given time: quiet at night, Redis lost, an outage of upstream, a flood of one caller. */
import type { AuditKeys } from '../src/audit/keys.ts'
import { type RecordFields, toEventFields } from '../src/audit/record.ts'
import { createRandom, type Random, toHex, toUuid } from './random.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** What happened when. */
export interface DayRecord {
  /** Unix milliseconds. */
  readonly time: number
  readonly fields: RecordFields
}

export interface DayOptions {
  /** Unix milliseconds. */
  readonly end: number
  /** The mean number of attempts, without the flood. */
  readonly attempts: number
  readonly keys: Pick<AuditKeys, 'toPseudonym'>
}

interface Moment extends DayOptions {
  readonly time: number
  readonly random: Random
}

const presets = [
  { preset: 'voice-assistant', model: 'gpt-realtime-2.1', origin: 'https://app.example.com', share: 0.62 },
  { preset: 'support-agent', model: 'gpt-realtime-2.1', origin: 'https://support.example.com', share: 0.88 },
  { preset: 'translator', model: 'gpt-realtime-translate', origin: 'https://app.example.com', share: 1 },
] as const

const [FIRST_REVISION, SECOND_REVISION] = ['a1b2c3d4e5f60718', '77aa00bb11cc22dd']

const refusals = [
  ['limit_per_caller', 'rate_limited', 429],
  ['token_expired', 'unauthenticated', 401],
  ['origin_unlisted', 'origin_not_allowed', 403],
  ['override_not_open', 'override_not_allowed', 403],
] as const

const toPeople = ({ keys }: DayOptions, person: number) => ({
  caller: keys.toPseudonym('caller', `person-${person}`),
  address: keys.toPseudonym('address', `198.51.100.${person}`),
})

const FLOODER = 7
/** In the flooder's network. */
const FLOOD_ADDRESS = '203.0.113.9'
const toFlooder = ({ keys }: DayOptions) => ({
  caller: keys.toPseudonym('caller', `person-${FLOODER}`),
  address: keys.toPseudonym('address', FLOOD_ADDRESS),
})

function toUpstream(random: Random, status: number): RecordFields['upstream'] {
  return {
    status,
    code: null,
    param: null,
    request_id: `req_${toHex(random, 32)}`,
    attempts: 1,
    ms: Math.round(140 + random() * 260),
  }
}

type Failure = Pick<RecordFields, 'reason' | 'code' | 'status' | 'upstream'>

/** An outage of six minutes, and a preset whose model upstream does not know since its file was changed. */
function toFailure({ time, end, random }: Moment, preset: string): Failure | undefined {
  const outage = end - 3.2 * HOUR_MS
  if (time >= outage && time < outage + 6 * MINUTE_MS) {
    const shared = { code: 'upstream_unavailable', status: 503 }
    return random() < 0.4
      ? { ...shared, reason: 'upstream_error', upstream: toUpstream(random, 503) }
      : { ...shared, reason: 'upstream_breaker_open', upstream: null }
  }
  if (preset !== 'translator' || time < end - 25 * MINUTE_MS) return undefined
  const upstream = toUpstream(random, 404)
  return { reason: 'upstream_model_not_found', code: 'upstream_rejected', status: 502, upstream }
}

/** What the service did not know yet when it refused. */
function toUnknown(code: string): Partial<RecordFields> {
  if (code === 'origin_not_allowed') return { origin: 'other', caller: null, preset: null, revision: null }
  return code === 'unauthenticated' ? { caller: null, preset: null, revision: null } : {}
}

function toSuccess(random: Random, time: number): Partial<RecordFields> {
  return {
    outcome: 'issued',
    status: 200,
    expires_after_seconds: 60,
    overrides: random() < 0.2 ? ['session.audio.output.voice'] : [],
    secret: toHex(random, 32),
    secret_expires_at: Math.round(time / 1000) + 60,
    upstream: toUpstream(random, 200),
    ms: Math.round(150 + random() * 300),
  }
}

function toAttempt(moment: Moment): RecordFields {
  const { time, end, random } = moment
  const share = random()
  const { preset, model, origin } = presets.find((one) => share < one.share) ?? presets[0]
  const shared = {
    ...toEventFields('attempt'),
    ...toPeople(moment, Math.floor(random() * random() * 60)),
    request_id: toUuid(random),
    delivered: true,
    origin,
    preset,
    revision: time < end - 26 * MINUTE_MS ? FIRST_REVISION : SECOND_REVISION,
  } as const
  const failure = toFailure(moment, preset)
  if (failure !== undefined) {
    return { ...shared, model, ...failure, outcome: 'failed', ms: Math.round(300 + random() * 4_000) }
  }
  if (random() < 0.05) {
    const [reason, code, status] = refusals[Math.floor(random() * refusals.length)] ?? refusals[0]
    return { ...shared, ...toUnknown(code), outcome: 'refused', code, reason, status, ms: 1 }
  }
  return { ...shared, model, ...toSuccess(random, time) }
}

const FLOOD_MINUTES = 9

const toFloodStart = (end: number): number => Math.floor((end - 42 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS

/** One minute of a caller in a loop: the first refusals have records, the rest is counted. */
function toFloodMinute(options: DayOptions, random: Random, minute: number): DayRecord[] {
  const flooder = toFlooder(options)
  const at = toFloodStart(options.end) + minute * MINUTE_MS
  const own = Array.from({ length: 5 }, (_own, index): DayRecord => {
    const fields = {
      ...toEventFields('attempt', { preset: 'voice-assistant', origin: 'https://app.example.com' }),
      ...flooder,
      request_id: toUuid(random),
      outcome: 'refused',
      code: 'rate_limited',
      reason: 'limit_per_caller',
      status: 429,
      delivered: true,
      revision: FIRST_REVISION,
      ms: 1,
    } as const
    return { time: at + index * 200, fields }
  })
  const count = 240 + minute * 17
  const detail = {
    minute: new Date(at).toISOString(),
    reasons: { limit_per_caller: count },
    addresses: [{ address: flooder.address, count: count - 3 }],
  }
  const fields = toEventFields('refusals', { code: 'rate_limited', count, detail })
  return [...own, { time: at + MINUTE_MS, fields }]
}

/** The operator pauses the flooder, and later ends the pause. */
function toPauses(options: DayOptions): DayRecord[] {
  const { caller } = toFlooder(options)
  const at = toFloodStart(options.end) + FLOOD_MINUTES * MINUTE_MS
  const toPause = (state: string, until: string | null): RecordFields =>
    toEventFields('pause', { caller, detail: { state, scope: 'caller', by: 'ADMIN_TOKEN', until } })
  return [
    { time: at, fields: toPause('paused', new Date(at + HOUR_MS).toISOString()) },
    { time: at + 20 * MINUTE_MS, fields: toPause('resumed', null) },
  ]
}

const toPresets = (revision: string): RecordFields =>
  toEventFields('config', { revision, detail: { presets: 3 } })

const toStore = (detail: RecordFields['detail']): RecordFields => toEventFields('store', { detail })

const toChanges = (end: number): DayRecord[] => [
  { time: end - 20 * HOUR_MS, fields: toPresets(FIRST_REVISION) },
  { time: end - 9 * HOUR_MS, fields: toStore({ state: 'degraded', cause: 'ECONNREFUSED' }) },
  { time: end - 9 * HOUR_MS + 11 * MINUTE_MS, fields: toStore({ state: 'restored' }) },
  { time: end - 6.5 * HOUR_MS, fields: toEventFields('key', { secret: 'f'.repeat(32) }) },
  { time: end - 26 * MINUTE_MS, fields: toPresets(SECOND_REVISION) },
]

/** Oldest first. The same options give the same day. */
export function toDemoDay(options: DayOptions): DayRecord[] {
  const { end, attempts } = options
  const random = createRandom(14)
  const start = end - 24 * HOUR_MS
  const own = Array.from({ length: attempts }, (): DayRecord => {
    // The later of two draws: the evening is busier than the night before.
    const time = Math.floor(start + Math.max(random(), random()) * 24 * HOUR_MS)
    return { time, fields: toAttempt({ ...options, time, random }) }
  })
  const flood = Array.from({ length: FLOOD_MINUTES }, (_minute, minute) =>
    toFloodMinute(options, random, minute),
  )
  return [...own, ...flood.flat(), ...toChanges(end), ...toPauses(options)].toSorted(
    (one, other) => one.time - other.time,
  )
}
