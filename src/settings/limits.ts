/** `RATE_LIMIT_*` and `REDIS_*`: the limits, and where they are counted. */
import type { z } from 'zod'
import { redisUrl } from './urls.ts'
import { flag, limit, wholeNumber } from './validators.ts'

export const limitVariables = {
  RATE_LIMIT_PER_ADDRESS: limit.default([{ limit: 60, windowMs: 60_000 }]),
  RATE_LIMIT_PER_CALLER: limit.default([
    { limit: 10, windowMs: 60_000 },
    { limit: 200, windowMs: 86_400_000 },
  ]),
  RATE_LIMIT_TOTAL: limit.default([{ limit: 600, windowMs: 60_000 }]),
  REDIS_URL: redisUrl.optional(),
  REDIS_REQUIRED: flag.default(false),
  REPLICAS: wholeNumber(1, 10_000).default(1),
}

type Data = z.infer<z.ZodObject<typeof limitVariables>>

export type LimitConfig = ReturnType<typeof toLimitConfig>

export const toLimitConfig = (data: Data) =>
  Object.freeze({
    perAddress: data.RATE_LIMIT_PER_ADDRESS,
    perCaller: data.RATE_LIMIT_PER_CALLER,
    total: data.RATE_LIMIT_TOTAL,
  })

const limitNames = ['RATE_LIMIT_PER_ADDRESS', 'RATE_LIMIT_PER_CALLER', 'RATE_LIMIT_TOTAL'] as const

const SHARE_ADVICE =
  'is below REPLICAS, so all replicas together admit more than that while Redis is unavailable. Set REDIS_REQUIRED=true, or raise the limit'

/** The share of a limit is never below 1. */
export function* toLimitWarnings(data: Data): Iterable<string> {
  if (data.REDIS_URL === undefined || data.REDIS_REQUIRED) return
  for (const name of limitNames)
    if (data[name].some((rule) => rule.limit < data.REPLICAS)) yield `${name}: ${SHARE_ADVICE}`
}

/** Null where this process counts alone. */
export const toRedisConfig = (data: Data) =>
  data.REDIS_URL === undefined
    ? null
    : Object.freeze({
        /** With user and password. */
        url: data.REDIS_URL,
        /** Issue nothing while it is unavailable. */
        required: data.REDIS_REQUIRED,
        /** How many processes share the limits. */
        replicas: data.REPLICAS,
      })
