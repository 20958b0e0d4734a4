/** The environment, checked whole and frozen: the only place that reads it. */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Identities } from './audit/audit.ts'
import type { Durability } from './audit/file.ts'
import {
  type CallerConfig,
  callerVariables,
  checkCallerSettings,
  toCallerConfig,
  toCallerWarnings,
} from './caller-settings.ts'
import type { LimitRule } from './limits/rules.ts'
import type { Loaded } from './live-file.ts'
import { type LogLevel, logLevels } from './logger.ts'
import type { ProxyOptions } from './openai/dispatcher.ts'
import type { Secret } from './secret.ts'
import {
  apiKey,
  auditKey,
  baseUrl,
  headerValue,
  limit,
  origins,
  proxies,
  proxyUrl,
  secretPrefix,
  wholeNumber,
} from './settings.ts'

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(8080),
  OPENAI_API_KEY: apiKey.optional(),
  OPENAI_BASE_URL: baseUrl.default(new URL('https://api.openai.com/v1')),
  OPENAI_REALTIME_API: z
    .enum(['client_secrets', 'sessions'], { error: 'is client_secrets or sessions' })
    .default('client_secrets'),
  OPENAI_AUTH: z.enum(['bearer', 'api-key'], { error: 'is bearer or api-key' }).default('bearer'),
  OPENAI_ORGANIZATION: headerValue.optional(),
  OPENAI_PROJECT: headerValue.optional(),
  HTTPS_PROXY: proxyUrl.optional(),
  NO_PROXY: z.string().default(''),
  UPSTREAM_SECRET_PREFIX: secretPrefix.default('ek_'),
  UPSTREAM_TIMEOUT_MS: wholeNumber(100, 8_000).default(8_000),
  ALLOWED_ORIGINS: origins.optional(),
  ...callerVariables,
  PRESETS_FILE: z.string().default('presets.yaml'),
  DEFAULT_PRESET: z.string().optional(),
  RATE_LIMIT_PER_ADDRESS: limit.default([{ limit: 60, windowMs: 60_000 }]),
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
const fromFiles = ['OPENAI_API_KEY', 'AUTH_JWT_SECRET', 'AUDIT_KEY'] as const

/** Written small as often as not, and by some programs only so. */
const eitherCase = ['HTTPS_PROXY', 'NO_PROXY'] as const

/** Every variable that is read, for `.env.example` to be held against. */
export const variableNames: readonly string[] = [
  ...Object.keys(variables.shape),
  ...fromFiles.map((name) => `${name}_FILE`),
]

export interface Config {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly upstream: {
    readonly apiKey: Secret
    /** Where the key was read from, and is read from again; undefined: from the environment. */
    readonly apiKeyFile: string | undefined
    readonly baseUrl: URL
    /** Which of the two minting endpoints it serves: GA's, or the flat one. */
    readonly api: 'client_secrets' | 'sessions'
    readonly auth: 'bearer' | 'api-key'
    readonly organization: string | undefined
    readonly project: string | undefined
    /** Undefined where upstream is asked straight. */
    readonly proxy: ProxyOptions | undefined
    /** What client secrets begin with; '' for anything. */
    readonly secretPrefix: string
    readonly timeoutMs: number
  }
  /** Empty where no page may ask. */
  readonly allowedOrigins: ReadonlySet<string>
  readonly callers: CallerConfig
  readonly presetsFile: string
  readonly defaultPreset: string | undefined
  readonly limitPerAddress: readonly LimitRule[]
  /** Addresses and CIDRs of the proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  readonly maxConcurrentMints: number
  readonly audit: {
    readonly directory: string
    readonly durability: Durability
    /** Undefined: a key file is kept in the directory. */
    readonly key: Secret | undefined
    readonly identities: Identities
    /** 0 keeps all. */
    readonly retentionDays: number
  }
  readonly drainDelaySeconds: number
  readonly logLevel: LogLevel
  /** What is set to no effect, a line each. */
  readonly warnings: readonly string[]
}

/** Everything that is wrong, a line each, by name and never by value. The process exits with 78 for it. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
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
      read[name] = readFileSync(path, 'utf8').trim()
    } catch {
      problems.push(`${name}_FILE: names a file that cannot be read`)
    }
  }
  return read
}

function checkWhole(
  { NODE_TLS_REJECT_UNAUTHORIZED: verify, ...read }: Environment,
  problems: string[],
): void {
  if (verify === '0') {
    problems.push(
      'NODE_TLS_REJECT_UNAUTHORIZED: is 0, so that anybody on the way could read the API key; remove it',
    )
  }
  if (
    read['OPENAI_API_KEY'] === undefined &&
    !problems.some((problem) => problem.startsWith('OPENAI_API_KEY_FILE'))
  ) {
    problems.push(
      'OPENAI_API_KEY: is missing. Name a file that holds it in OPENAI_API_KEY_FILE, or try the service without a key: npm run demo',
    )
  }
}

const toProblems = (error: z.ZodError | undefined): string[] =>
  (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)

/** Throws a ConfigError with all problems at once. */
export function parseConfig(environment: Environment): Config {
  const problems: string[] = []
  const read = readSecretFiles(environment, fromFiles, problems)
  checkWhole(read, problems)
  const { data, error } = variables.safeParse(read)
  problems.push(...toProblems(error), ...checkCallerSettings(read))
  const callers = data && toCallerConfig(data)
  if (data?.OPENAI_API_KEY === undefined || callers === undefined || problems.length > 0) {
    throw new ConfigError(problems)
  }
  return Object.freeze({
    host: data.HOST,
    port: data.PORT,
    upstream: Object.freeze({
      apiKey: data.OPENAI_API_KEY,
      apiKeyFile: read['OPENAI_API_KEY_FILE'],
      baseUrl: data.OPENAI_BASE_URL,
      api: data.OPENAI_REALTIME_API,
      auth: data.OPENAI_AUTH,
      organization: data.OPENAI_ORGANIZATION,
      project: data.OPENAI_PROJECT,
      proxy: data.HTTPS_PROXY && Object.freeze({ url: data.HTTPS_PROXY, except: data.NO_PROXY }),
      secretPrefix: data.UPSTREAM_SECRET_PREFIX,
      timeoutMs: data.UPSTREAM_TIMEOUT_MS,
    }),
    allowedOrigins: data.ALLOWED_ORIGINS ?? new Set(),
    callers,
    presetsFile: data.PRESETS_FILE,
    defaultPreset: data.DEFAULT_PRESET,
    limitPerAddress: data.RATE_LIMIT_PER_ADDRESS,
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

/** The API key in the file at `path`, read anew; or what is wrong with it, without its content. */
export async function loadApiKey(path: string): Promise<Loaded<Secret, string>> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined) return { refused: 'names a file that cannot be read' }
  const { data, error } = apiKey.safeParse(text.trim())
  return data === undefined ? { refused: error?.issues[0]?.message ?? 'is malformed' } : { value: data }
}

const auditVariables = variables.pick({ AUDIT_DIR: true, AUDIT_KEY: true })

/** What it takes to read an audit, whatever else is set or not. Throws a ConfigError with all problems at once. */
export function parseAuditConfig(environment: Environment): Pick<Config['audit'], 'directory' | 'key'> {
  const problems: string[] = []
  const { data, error } = auditVariables.safeParse(readSecretFiles(environment, ['AUDIT_KEY'], problems))
  problems.push(...toProblems(error))
  if (data === undefined || problems.length > 0) throw new ConfigError(problems)
  return { directory: data.AUDIT_DIR, key: data.AUDIT_KEY }
}

/** The process's environment, over what a `.env` in the working directory says. */
export function readEnvironment(): Environment {
  try {
    process.loadEnvFile()
  } catch {
    // There is none, as is usual in a container.
  }
  return process.env
}
