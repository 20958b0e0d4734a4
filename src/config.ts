/** Turns the environment into the configuration. No other file reads the environment. */
import { z } from 'zod'
import type { PresetSettings } from './load-catalog.ts'
import { logLevels } from './logger.ts'
import { ConfigError } from './problems.ts'
import { adminVariables, toAdminConfig } from './settings/admin.ts'
import { auditVariables, toAuditConfig } from './settings/audit.ts'
import { callerVariables, toCallerConfig } from './settings/callers.ts'
import { readDotEnv } from './settings/dot-env.ts'
import { limitVariables, toLimitConfig, toLimitWarnings, toRedisConfig } from './settings/limits.ts'
import { toMisspelled } from './settings/names.ts'
import { checkSettings, type Settings, toSettingWarnings } from './settings/rules.ts'
import { findTextProblem, readSecretFile } from './settings/text.ts'
import { toProxy, toUpstreamConfig, upstreamVariables } from './settings/upstream.ts'
import { listenHost, origins, proxies, wholeNumber } from './settings/validators.ts'

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
  ...auditVariables,
  ...adminVariables,
  DRAIN_DELAY_SECONDS: wholeNumber(0, 8).default(0),
  LOG_LEVEL: z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('info'),
})

/** Secrets that may be in a file, named by the variable with `_FILE` appended. */
const fromFiles = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY', 'REDIS_URL', 'ADMIN_TOKEN'] as const

/** Often in lower case; some programs know only that. */
const eitherCase: ReadonlySet<string> = new Set(['HTTPS_PROXY', 'NO_PROXY'])

/** Platforms by a variable that they set. They discard the root file system of an instance when it ends. */
const platforms = [
  ['K_SERVICE', 'Cloud Run'],
  ['FLY_APP_NAME', 'Fly'],
  ['CONTAINER_APP_NAME', 'Azure Container Apps'],
] as const

/** The variables that name these files. */
export const secretFileNames: readonly string[] = fromFiles.map((name) => `${name}_FILE`)

/** Every setting. */
export const variableNames: readonly string[] = [...Object.keys(variables.shape), ...secretFileNames]

export type Environment = Settings

/** What the schema makes of the settings, the text of each, and all problems. Ignores other variables. */
function readSettings<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Environment) {
  const names = Object.keys(schema.shape)
  const secrets = fromFiles.filter((name) => names.includes(name))
  /** By name. Each secret has its value here, whether it comes from the environment or from a file. */
  const values: Record<string, string | undefined> = {}
  const problems: string[] = []
  for (const name of [...names, ...secrets.map((secret) => `${secret}_FILE`)]) {
    const other = eitherCase.has(name) ? environment[name.toLowerCase()] : undefined
    // Compose passes a variable that is not set as an empty one.
    const value = environment[name] || other || undefined
    const problem = value === undefined ? undefined : findTextProblem(value)
    values[name] = value
    if (problem !== undefined) problems.push(`${name}: ${problem}`)
  }
  for (const name of secrets) {
    const path = values[`${name}_FILE`]
    // What is wrong with the file follows from its path.
    if (path === undefined || findTextProblem(path) !== undefined) continue
    if (values[name] !== undefined) problems.push(`${name}: is set twice, here and by ${name}_FILE. Keep one`)
    const text = readSecretFile(path)
    if ('refused' in text) problems.push(`${name}_FILE: ${text.refused}`)
    else values[name] = text.value
  }
  const { data, error } = schema.safeParse(values)
  return { data, values, problems: withoutFollowing(problems, toProblems(error, values)) }
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

export type Config = ReturnType<typeof parseConfig>

/** `warnings` are those of reading the environment. Throws a ConfigError with all problems at once. */
export function parseConfig(environment: Environment, warnings: readonly string[] = []) {
  const { data, values, problems: ofValues } = readSettings(variables, environment)
  const { ALL_PROXY, all_proxy, NODE_TLS_REJECT_UNAUTHORIZED } = environment
  const given = { ...values, NODE_TLS_REJECT_UNAUTHORIZED, ALL_PROXY: ALL_PROXY ?? all_proxy }
  const problems = withoutFollowing(ofValues, checkSettings(given))
  const upstream = data && toUpstreamConfig(data, values['OPENAI_API_KEY_FILE'])
  const callers = data && toCallerConfig(data, (url) => toProxy(data, url))
  const allWarnings: readonly string[] = [
    ...warnings,
    ...toMisspelled(environment, variableNames, warnings),
    ...toSettingWarnings(given),
    ...(data === undefined ? [] : toLimitWarnings(data)),
  ]
  if (data === undefined || upstream === undefined || callers === undefined || problems.length > 0) {
    throw new ConfigError(problems, allWarnings)
  }
  return Object.freeze({
    host: data.HOST,
    /** 0 selects a free one. */
    port: data.PORT,
    upstream,
    /** Empty where no page may ask. May contain "null". */
    allowedOrigins: data.ALLOWED_ORIGINS ?? new Set<string>(),
    callers,
    presetsFile: data.PRESETS_FILE,
    defaultPreset: data.DEFAULT_PRESET,
    limits: toLimitConfig(data),
    /** Where replicas count together; null where this process counts alone. */
    redis: toRedisConfig(data),
    /** Addresses and CIDRs of the proxies whose X-Forwarded-For is trusted. */
    trustedProxies: data.TRUST_PROXY,
    maxConcurrentMints: data.MAX_CONCURRENT_MINTS,
    audit: toAuditConfig(data),
    /** Where the service runs, if the environment says so. */
    platform: platforms.find(([variable]) => Boolean(environment[variable]))?.[1],
    /** Null where there is no admin listener. */
    admin: toAdminConfig(data),
    drainDelaySeconds: data.DRAIN_DELAY_SECONDS,
    logLevel: data.LOG_LEVEL,
    /** Settings that have no effect, or another one than they seem to have, one line each. */
    warnings: allWarnings,
  })
}

/** Reads the settings of `some`, and ignores all others. Throws a ConfigError with all problems at once. */
function parseSome<Shape extends z.ZodRawShape>(some: z.ZodObject<Shape>, environment: Environment) {
  const { data, problems } = readSettings(some, environment)
  if (data === undefined || problems.length > 0) throw new ConfigError(problems)
  return data
}

/** The setting because of which nothing is issued without Redis; undefined where it has only limits. */
export function toRedisNeed({ redis, callers }: Config): string | undefined {
  if (redis?.required === true) return 'REDIS_REQUIRED'
  return callers.mode !== 'none' && callers.singleUse ? 'AUTH_SINGLE_USE' : undefined
}

/** The settings that reading an audit needs. */
export const parseAuditConfig = (environment: Environment) =>
  parseSome(variables.pick({ AUDIT_DIR: true, AUDIT_KEY: true }), environment)

/** The settings that pausing needs. */
export const parsePauseConfig = (environment: Environment) =>
  parseSome(variables.pick({ AUDIT_DIR: true, REDIS_URL: true }), environment)

const presetVariables = variables
  .pick({
    PRESETS_FILE: true,
    ALLOWED_ORIGINS: true,
    DEFAULT_PRESET: true,
    OPENAI_BASE_URL: true,
    OPENAI_REALTIME_API: true,
  })
  .extend({ AUTH_MODE: variables.shape.AUTH_MODE.default('none') })

/** The settings that a presets file is checked against. One that is invalid counts as not set, so that this throws nothing. */
export function parsePresetSettings(environment: Environment): PresetSettings {
  const { values, problems } = readSettings(presetVariables, environment)
  const invalid = new Set(problems.map(toName))
  const data = presetVariables.parse(
    Object.fromEntries(Object.entries(values).filter(([name]) => !invalid.has(name))),
  )
  return {
    presetsFile: data.PRESETS_FILE,
    allowedOrigins: data.ALLOWED_ORIGINS,
    callers: { mode: data.AUTH_MODE },
    defaultPreset: data.DEFAULT_PRESET,
    upstream: { api: data.OPENAI_REALTIME_API, baseUrl: data.OPENAI_BASE_URL },
  }
}

/** The process's environment, completed by `.env` in the working directory. Throws a ConfigError. */
export function readEnvironment() {
  const { values, warnings } = readDotEnv(variableNames)
  return { environment: { ...values, ...process.env }, warnings }
}
