/** What the page's data looks like. */
import { z } from 'zod'
import { isNote, parsePauseDuration, pauseScopes, pauseSources } from '../pauses/pause.ts'

const count = z.int().nonnegative()
/** Unix milliseconds. */
const instant = z.int()

const counts = { issued: count, refused: count, failed: count } as const

export const outcome = z.strictObject(counts).keyof()

export const attemptsReply = z.strictObject({
  /** Newest first. */
  records: z.array(
    z.strictObject({
      /** The place of the record. */
      id: z.string(),
      /** The outcome of the attempt or attempts; null for other events. */
      outcome: outcome.nullable(),
      /** What the reason means, and what to do. */
      meaning: z.string().nullable(),
      /** As it is in the audit. */
      record: z.record(z.string(), z.unknown()),
    }),
  ),
  /** For `cursor`: where the next page begins; null on the last one. */
  next: z.string().nullable(),
  /** Lines that are incomplete or not records. */
  skipped_lines: count,
  /** Differs when the audit has other records. `/api/live` sends it. */
  version: z.string(),
})

export type AttemptsReply = z.infer<typeof attemptsReply>

const frequent = z.strictObject({ pseudonym: z.string(), ...counts, code: z.string().nullable() })

export const summaryReply = z.strictObject({
  since: instant,
  until: instant,
  bucket_seconds: count,
  /** How exact `first`, `last` and `failing_since` are. */
  resolution_seconds: count,
  ...counts,
  /** The start of each bucket. */
  times: z.array(instant),
  /** For each bucket. */
  series: z.strictObject({ issued: z.array(count), refused: z.array(count), failed: z.array(count) }),
  /** Most frequent first. */
  codes: z.array(
    z.strictObject({
      code: z.string(),
      outcome: z.enum(['refused', 'failed']),
      count,
      first: instant,
      last: instant,
      /** For each bucket. */
      series: z.array(count),
      reasons: z.array(
        z.strictObject({ reason: z.string().nullable(), count, meaning: z.string().nullable() }),
      ),
    }),
  ),
  presets: z.array(
    z.strictObject({
      /** Null: refused before the preset was known. */
      preset: z.string().nullable(),
      ...counts,
      /** The first failure after the last issued secret; null if it has issued since, or if a filter hides one of the two. */
      failing_since: instant.nullable(),
    }),
  ),
  /** Those that were refused most, or failed most, first. */
  callers: z.array(frequent),
  addresses: z.array(frequent),
  /** The last ones until the end of the span, also from before it. Oldest first. */
  changes: z.array(
    z.strictObject({
      time: instant,
      change: z.enum([
        'started',
        'stopped',
        'presets',
        'key',
        'store_degraded',
        'store_restored',
        'paused',
        'resumed',
        'audit_gap',
        'audit_recovered',
        'audit_removed',
      ]),
      detail: z.string().nullable(),
    }),
  ),
})

export type Summary = z.infer<typeof summaryReply>

const part = z.strictObject({
  part: z.enum(['upstream', 'redis', 'key_set', 'presets_file', 'api_key_file', 'audit']),
  state: z.enum(['ok', 'failing', 'not_used']),
  since: instant,
  last_error: z.strictObject({ cause: z.string(), meaning: z.string().nullable(), at: instant }).nullable(),
})

/** A pause in effect. */
const pause = z.strictObject({
  scope: z.enum(pauseScopes),
  /** The preset, the origin or the pseudonym; null for `all`. */
  value: z.string().nullable(),
  since: instant,
  /** Null until someone resumes. */
  until: instant.nullable(),
  by: z.enum(pauseSources),
  note: z.string().nullable(),
})

/** Oldest first. */
export const pausesReply = z.strictObject({ pauses: z.array(pause) })

export type PausesReply = z.infer<typeof pausesReply>

export const storedReply = z.strictObject({
  /** False if AUDIT_DIR does not have it: the log says why. */
  survives_restart: z.boolean(),
  /** False if Redis does not have it; null where no Redis is configured. */
  reaches_replicas: z.boolean().nullable(),
})

export type StoredReply = z.infer<typeof storedReply>

const scopeFields = {
  preset: z.string().min(1).max(64).optional(),
  origin: z.string().min(1).max(300).optional(),
  caller: z.string().min(1).max(300).optional(),
} as const

/** One of the first four. */
export const pauseBody = z.strictObject({
  ...scopeFields,
  all: z.literal(true).optional(),
  /** Such as `15m`, `1h` or `7d`. */
  for: z
    .string()
    .refine((text) => parsePauseDuration(text) !== undefined)
    .optional(),
  note: z.string().refine(isNote).optional(),
})

/** One of them. */
export const resumeQuery = z.strictObject({ ...scopeFields, all: z.literal('true').optional() })

export const stateReply = z.strictObject({
  now: instant,
  version: z.string(),
  minting: z.strictObject({
    state: z.enum(['yes', 'partly', 'no']),
    /** Why not all mints succeed. */
    causes: z.array(
      z.enum([
        'draining',
        'audit_unavailable',
        'authentication_unavailable',
        'limits_unavailable',
        'upstream_key',
        'upstream_credit',
        'upstream_failing',
        'upstream_breaker',
        'upstream_cool_down',
        'upstream_preset',
        'paused_all',
        'paused_partly',
      ]),
    ),
  }),
  /** Those in effect, oldest first. */
  pauses: pausesReply.shape.pauses,
  in_flight: count,
  /** MAX_CONCURRENT_MINTS. */
  max_in_flight: count,
  /** RATE_LIMIT_TOTAL: for each rule, such as `600/minute`, the mints that this process counted in the last window. */
  total_limits: z.array(z.strictObject({ rule: z.string(), limit: count, used: count })),
  presets: z.strictObject({ count, revision: z.string() }),
  parts: z.array(part),
  audit: z.strictObject({
    last_anchor: instant.nullable(),
    verification: z.strictObject({
      state: z.enum(['never', 'running', 'done', 'failed']),
      /** When the last one ended. */
      at: instant.nullable(),
      verdict: z.enum(['whole', 'torn', 'unchecked', 'tampered']).nullable(),
      files: count,
      records: count,
      findings: z.array(z.strictObject({ file: z.string(), means: z.string(), advice: z.string() })),
    }),
    /** From 0 to 1 while the index reads records; null while it does not. */
    index_progress: z.number().min(0).max(1).nullable(),
  }),
})

/** The event `records` of `/api/live`. The event `state` is a StateReply. */
export const liveRecords = attemptsReply.pick({ version: true })

export type LiveRecords = z.infer<typeof liveRecords>

const reloaded = z.enum(['changed', 'unchanged', 'refused', 'not a file'])

/** `refused`: the file is invalid, and the log says why. `not a file`: the value is in the environment. */
export const reloadReply = z.strictObject({ presets: reloaded, api_key: reloaded })

export type ReloadReply = z.infer<typeof reloadReply>

export type StateReply = z.infer<typeof stateReply>
