/** The environment, checked whole and frozen: the only place that reads it. */
import { parseEnv } from 'node:util'
import { z } from 'zod'
import type { AuditSettings } from './audit/open.ts'
import { type LogLevel, logLevels } from './logger.ts'
import { ConfigError } from './problems.ts'
import { FileError, readSmallFileSync } from './read-file.ts'
import {
  type CallerConfig,
  callerVariables,
  checkCallerSettings,
  toCallerConfig,
  toCallerWarnings,
} from './settings/callers.ts'
import {
  checkRedisSettings,
  type LimitConfig,
  limitVariables,
  type RedisConfig,
  toLimitConfig,
  toRedisConfig,
} from './settings/limits.ts'
import {
  checkUpstreamSettings,
  toUpstreamConfig,
  type UpstreamConfig,
  upstreamVariables,
} from './settings/upstream.ts'
import { auditKey, origins, proxies, wholeNumber } from './settings/validators.ts'

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(8080),
  ...upstreamVariables,
  ALLOWED_ORIGINS: origins.optional(),
  ...callerVariables,
  PRESETS_FILE: z.string().default('presets.yaml'),
  DEFAULT_PRESET: z.string().optional(),
  ...limitVariables,
  TRUST_PROXY: proxies.default([]),
  MAX_CONCURRENT_MINTS: wholeNumber(1, 100_000).default(256),
  AUDIT_DIR: z.string().default('./audit'),
  AUDIT_DURABILITY: z.enum(['fsync', 'write'], { error: 'is fsync or write' }).default('fsync'),
  AUDIT_KEY: auditKey.optional(),
  AUDIT_IDENTITIES: z.enum(['pseudonym', 'plain'], { error: 'is pseudonym or plain' }).default('pseudonym'),
  AUDIT_RETENTION_DAYS: wholeNumber(0, 36_500).default(180),
  DRAIN_DELAY_SECONDS: wholeNumber(0, 8).default(0),
  LOG_LEVEL: z.enum(logLevels, { error: `is one of ${logLevels.join(', ')}` }).default('info'),
})

/** Secrets that may stand in a file named by the variable with `_FILE` behind it. */
const fromFiles = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY', 'REDIS_URL'] as const

/** Written small as often as not, and by some programs only so. */
const eitherCase = ['HTTPS_PROXY', 'NO_PROXY'] as const

/** The variables that name those files. */
export const secretFileNames: readonly string[] = fromFiles.map((name) => `${name}_FILE`)

/** Every variable that is read, for `.env.example` to be held against. */
export const variableNames: readonly string[] = [...Object.keys(variables.shape), ...secretFileNames]

export interface Config {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly upstream: UpstreamConfig
  /** Empty where no page may ask. */
  readonly allowedOrigins: ReadonlySet<string>
  readonly callers: CallerConfig
  readonly presetsFile: string
  readonly defaultPreset: string | undefined
  readonly limits: LimitConfig
  /** Where limits are held together with other replicas; null where this process holds them alone. */
  readonly redis: RedisConfig | null
  /** Addresses and CIDRs of the proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  readonly maxConcurrentMints: number
  readonly audit: AuditSettings
  readonly drainDelaySeconds: number
  readonly logLevel: LogLevel
  /** What is set to no effect, a line each. */
  readonly warnings: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

type SecretName = (typeof fromFiles)[number]

/** Replaces each `X_FILE` of `names` by an `X` with the file's content, trimmed of the newline or BOM that editors leave. */
function readSecretFiles(
  environment: Environment,
  names: readonly SecretName[],
  problems: string[],
): Environment {
  const read: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(environment)) {
    // Compose files pass variables that are not set as empty ones.
    if (value !== undefined && value !== '') read[name] = value
  }
  for (const name of eitherCase) read[name] ??= read[name.toLowerCase()]
  for (const name of names) {
    const path = read[`${name}_FILE`]
    if (path === undefined) {
      read[name] = read[name]?.trim()
      continue
    }
    if (read[name] !== undefined) problems.push(`${name}: is set twice, here and by ${name}_FILE; keep one`)
    try {
      read[name] = readSmallFileSync(path).toString('utf8').trim()
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      problems.push(`${name}_FILE: the file ${error.message}`)
    }
  }
  return read
}

/** Of a secret in a file, the variable that names the file. */
const toProblems = (error: z.ZodError | undefined, read: Environment): string[] =>
  (error?.issues ?? []).map(({ path, message }) => {
    const name = path.join('.')
    return `${read[`${name}_FILE`] === undefined ? name : `${name}_FILE`}: ${message}`
  })

/** Throws a ConfigError with all problems at once. */
export function parseConfig(environment: Environment): Config {
  const problems: string[] = []
  const read = readSecretFiles(environment, fromFiles, problems)
  const isKeyFileBad = problems.some((problem) => problem.startsWith('OPENAI_API_KEY_FILE'))
  const { data, error } = variables.safeParse(read)
  problems.push(
    ...checkUpstreamSettings(read, isKeyFileBad),
    ...checkRedisSettings(read),
    ...toProblems(error, read),
    ...checkCallerSettings(read),
  )
  const upstream = data && toUpstreamConfig(data, read['OPENAI_API_KEY_FILE'])
  const callers = data && toCallerConfig(data, upstream?.proxy)
  if (data === undefined || upstream === undefined || callers === undefined || problems.length > 0) {
    throw new ConfigError(problems)
  }
  return Object.freeze({
    host: data.HOST,
    port: data.PORT,
    upstream,
    allowedOrigins: data.ALLOWED_ORIGINS ?? new Set(),
    callers,
    presetsFile: data.PRESETS_FILE,
    defaultPreset: data.DEFAULT_PRESET,
    limits: toLimitConfig(data),
    redis: toRedisConfig(data),
    trustedProxies: data.TRUST_PROXY,
    maxConcurrentMints: data.MAX_CONCURRENT_MINTS,
    audit: Object.freeze({
      directory: data.AUDIT_DIR,
      durability: data.AUDIT_DURABILITY,
      key: data.AUDIT_KEY,
      identities: data.AUDIT_IDENTITIES,
      retentionDays: data.AUDIT_RETENTION_DAYS,
    }),
    drainDelaySeconds: data.DRAIN_DELAY_SECONDS,
    logLevel: data.LOG_LEVEL,
    warnings: toCallerWarnings(read),
  })
}

const auditVariables = variables.pick({ AUDIT_DIR: true, AUDIT_KEY: true })

/** What it takes to read an audit, whatever else is set or not. Throws a ConfigError with all problems at once. */
export function parseAuditConfig(environment: Environment): Pick<AuditSettings, 'directory' | 'key'> {
  const problems: string[] = []
  const read = readSecretFiles(environment, ['AUDIT_KEY'], problems)
  const { data, error } = auditVariables.safeParse(read)
  problems.push(...toProblems(error, read))
  if (data === undefined || problems.length > 0) throw new ConfigError(problems)
  return { directory: data.AUDIT_DIR, key: data.AUDIT_KEY }
}

/** The process's environment, and for what it lacks the `.env` in the working directory. Throws a ConfigError. */
export function readEnvironment(): Environment {
  try {
    return { ...parseEnv(readSmallFileSync('.env').toString('utf8')), ...process.env }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    // There is none, as is usual in a container.
    if (error.code === 'ENOENT') return process.env
    throw new ConfigError([`.env: the file ${error.message}`])
  }
}
