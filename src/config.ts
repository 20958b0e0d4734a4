/** Turns the environment into the configuration. No other file reads the environment. */
import { z } from 'zod'
import type { AuditSettings } from './audit/open.ts'
import { type LogLevel, logLevels } from './logger.ts'
import { ConfigError } from './problems.ts'
import type { Secret } from './secret.ts'
import { type AdminConfig, adminVariables, toAdminConfig } from './settings/admin.ts'
import { type CallerConfig, callerVariables, toCallerConfig } from './settings/callers.ts'
import { readDotEnv, toSuggestion } from './settings/dot-env.ts'
import {
  type LimitConfig,
  limitVariables,
  type RedisConfig,
  toLimitConfig,
  toLimitWarnings,
  toRedisConfig,
} from './settings/limits.ts'
import { findPlatform } from './settings/platform.ts'
import { checkSettings, toSettingWarnings } from './settings/rules.ts'
import { findTextProblem, readSecretFile } from './settings/text.ts'
import { toProxy, toUpstreamConfig, type UpstreamConfig, upstreamVariables } from './settings/upstream.ts'
import { auditKey, flag, listenHost, origins, proxies, wholeNumber } from './settings/validators.ts'

const variables = z.object({
  HOST: listenHost.default('127.0.0.1'),
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
  AUDIT_COPY_TO_LOG: flag.default(false),
  ...adminVariables,
  DRAIN_DELAY_SECONDS: wholeNumber(0, 8).default(0),
  LOG_LEVEL: z.enum(logLevels, { error: `is one of ${logLevels.join(', ')}` }).default('info'),
})

/** Secrets that may be in a file, named by the variable with `_FILE` appended. */
const fromFiles = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY', 'REDIS_URL', 'ADMIN_TOKEN'] as const

/** Often in lower case; some programs know only that. */
const eitherCase = ['HTTPS_PROXY', 'NO_PROXY'] as const

/** The variables that name these files. */
export const secretFileNames: readonly string[] = fromFiles.map((name) => `${name}_FILE`)

/** Every setting. */
export const variableNames: readonly string[] = [...Object.keys(variables.shape), ...secretFileNames]

/** The names that are looked at in the environment. */
const readNames: ReadonlySet<string> = new Set([
  ...variableNames,
  ...eitherCase.map((name) => name.toLowerCase()),
  'NODE_TLS_REJECT_UNAUTHORIZED',
])

export interface Config {
  readonly host: string
  /** 0 selects a free one. */
  readonly port: number
  readonly upstream: UpstreamConfig
  /** Empty where no page may ask. May contain "null". */
  readonly allowedOrigins: ReadonlySet<string>
  readonly callers: CallerConfig
  readonly presetsFile: string
  readonly defaultPreset: string | undefined
  readonly limits: LimitConfig
  /** Where replicas count together; null where this process counts alone. */
  readonly redis: RedisConfig | null
  /** Addresses and CIDRs of the proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly string[]
  readonly maxConcurrentMints: number
  readonly audit: AuditSettings
  /** Where the service runs, if the environment says so. */
  readonly platform: string | undefined
  /** Null where there is no admin listener. */
  readonly admin: AdminConfig | null
  readonly drainDelaySeconds: number
  readonly logLevel: LogLevel
  /** Settings that have no effect, or another one than they seem to have, one line each. */
  readonly warnings: readonly string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

type SecretName = (typeof fromFiles)[number]

interface Read {
  /** By name. Each secret has its value here, whether it comes from the environment or from a file. */
  readonly values: Environment
  readonly problems: readonly string[]
}

/** Reads the text of every setting and of the files of `names`, and reports what is wrong with any text. */
function readTexts(environment: Environment, names: readonly SecretName[]): Read {
  const values: Record<string, string | undefined> = {}
  const problems: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    // Compose passes a variable that is not set as an empty one.
    if (value === undefined || value === '' || !readNames.has(name)) continue
    values[name] = value
    const problem = findTextProblem(value)
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
  }
  for (const name of eitherCase) values[name] ??= values[name.toLowerCase()]
  for (const name of names) {
    const path = values[`${name}_FILE`]
    // What is wrong with the file follows from its path.
    if (path === undefined || findTextProblem(path) !== undefined) continue
    if (values[name] !== undefined) problems.push(`${name}: is set twice, here and by ${name}_FILE. Keep one`)
    const text = readSecretFile(path)
    if ('refused' in text) problems.push(`${name}_FILE: ${text.refused}`)
    else values[name] = text.value
  }
  return { values, problems }
}

/** A secret in a file is reported by the variable that names the file. */
const toProblems = (error: z.ZodError | undefined, values: Environment): string[] =>
  (error?.issues ?? []).map(({ path, message }) => {
    const name = path.join('.')
    return `${values[`${name}_FILE`] === undefined ? name : `${name}_FILE`}: ${message}`
  })

const toName = (problem: string): string => problem.slice(0, problem.indexOf(':'))

/** One problem of the text of a setting is enough: what else is wrong with it follows from that. */
function withoutFollowing(first: readonly string[], others: readonly string[]): readonly string[] {
  const names = new Set(first.map(toName))
  return [...first, ...others.filter((problem) => !names.has(toName(problem)))]
}

/** Names that are close to a setting's. */
const toMisspelled = (names: readonly string[]): readonly string[] =>
  names.flatMap((name) => {
    const isOurs = /^(?:OPENAI|AUTH|AUDIT|ADMIN|RATE_LIMIT|UPSTREAM)_/.test(name)
    const near = isOurs && !variableNames.includes(name) ? toSuggestion(name, variableNames) : undefined
    return near === undefined ? [] : [`${name}: is not a setting. Did you mean ${near}?`]
  })

/** `warnings` are those of reading the environment. Throws a ConfigError with all problems at once. */
export function parseConfig(environment: Environment, warnings: readonly string[] = []): Config {
  const { values, problems: ofTexts } = readTexts(environment, fromFiles)
  const { data, error } = variables.safeParse(values)
  const problems = withoutFollowing(
    withoutFollowing(ofTexts, toProblems(error, values)),
    checkSettings(values),
  )
  const upstream = data && toUpstreamConfig(data, values['OPENAI_API_KEY_FILE'])
  const callers = data && toCallerConfig(data, (url) => toProxy(data, url))
  const { ALL_PROXY, all_proxy } = environment
  const allWarnings = [
    ...warnings,
    ...toMisspelled(Object.keys(environment)),
    ...toSettingWarnings({ ...values, ALL_PROXY: ALL_PROXY ?? all_proxy }),
    ...(data === undefined ? [] : toLimitWarnings(data)),
  ]
  if (data === undefined || upstream === undefined || callers === undefined || problems.length > 0) {
    throw new ConfigError(problems, allWarnings)
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
      copyToLog: data.AUDIT_COPY_TO_LOG,
    }),
    platform: findPlatform(environment),
    admin: toAdminConfig(data),
    drainDelaySeconds: data.DRAIN_DELAY_SECONDS,
    logLevel: data.LOG_LEVEL,
    warnings: allWarnings,
  })
}

/** Reads the settings of `some`, and ignores all others. Throws a ConfigError with all problems at once. */
function parseSome<Shape extends z.ZodRawShape>(some: z.ZodObject<Shape>, environment: Environment) {
  const names = Object.keys(some.shape)
  const secrets = fromFiles.filter((name) => names.includes(name))
  const given = [...names, ...secrets.map((name) => `${name}_FILE`)].map(
    (name) => [name, environment[name]] as const,
  )
  const { values, problems: ofTexts } = readTexts(Object.fromEntries(given), secrets)
  const { data, error } = some.safeParse(values)
  const problems = withoutFollowing(ofTexts, toProblems(error, values))
  if (data === undefined || problems.length > 0) throw new ConfigError(problems)
  return data
}

const auditVariables = variables.pick({ AUDIT_DIR: true, AUDIT_KEY: true })

/** The settings that reading an audit needs. */
export function parseAuditConfig(environment: Environment): Pick<AuditSettings, 'directory' | 'key'> {
  const { AUDIT_DIR: directory, AUDIT_KEY: key } = parseSome(auditVariables, environment)
  return { directory, key }
}

/** Where pauses are stored. */
export interface PauseConfig {
  /** AUDIT_DIR. */
  readonly directory: string
  readonly redisUrl: Secret | undefined
}

const pauseVariables = variables.pick({ AUDIT_DIR: true, REDIS_URL: true })

/** The settings that pausing needs. */
export function parsePauseConfig(environment: Environment): PauseConfig {
  const { AUDIT_DIR: directory, REDIS_URL: redisUrl } = parseSome(pauseVariables, environment)
  return { directory, redisUrl }
}

export interface ReadEnvironment {
  readonly environment: Environment
  readonly warnings: readonly string[]
}

/** The process's environment, completed by `.env` in the working directory. Throws a ConfigError. */
export function readEnvironment(): ReadEnvironment {
  const { values, warnings } = readDotEnv(variableNames)
  return { environment: { ...values, ...process.env }, warnings }
}
