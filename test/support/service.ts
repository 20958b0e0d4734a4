/** The whole service in this process, with a sandbox as its upstream. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import type { Audit } from '../../src/audit/audit.ts'
import { type Environment, parseConfig } from '../../src/config.ts'
import type { Lifecycle } from '../../src/lifecycle.ts'
import { createLogger } from '../../src/logger.ts'
import type { Pauses } from '../../src/pauses/pauses.ts'
import { createRuntime } from '../../src/runtime.ts'
import { catalogOf } from '../presets/support.ts'

export const API_KEY = 'sk-test-0123456789abcdefghij'
export const ORIGIN = 'https://app.example.com'
export const AUDIT_KEY = 'an audit key that is only for tests'

/** The instructions. Tests check that no output contains them. */
export const PROMPT = 'Speak like a pirate named Xylophanes.'

export const PRESETS = `
presets:
  assistant:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: ${PROMPT}, audio: { output: { voice: marin } } }
    expires_after_seconds: 60
`

export type Reply = Awaited<ReturnType<FastifyInstance['inject']>>

export interface TestService {
  readonly app: FastifyInstance
  /** Undefined unless the environment has ADMIN_PORT. */
  readonly adminApp: FastifyInstance | undefined
  readonly sandbox: Sandbox
  readonly lifecycle: Lifecycle
  readonly audit: Audit
  readonly pauses: Pauses
  readonly auditDirectory: string
  /** Mints as a page of an allowed origin does. */
  readonly mint: (body?: object, headers?: Record<string, string>) => Promise<Reply>
  /** The records written so far, parsed. */
  readonly records: () => Promise<readonly Record<string, unknown>[]>
  /** Their bytes. */
  readonly auditText: () => Promise<string>
  /** Those of attempts to mint. */
  readonly attempts: () => Promise<readonly Record<string, unknown>[]>
  /** All log lines so far. */
  readonly logText: () => string
  /** The log lines with this text, parsed. */
  readonly logLines: (text: string) => readonly Record<string, unknown>[]
}

/** Registers work for the end of a test or of a group. The last work runs first. */
export type Defer = (end: () => Promise<void>) => void

export interface TestServiceOptions {
  readonly environment?: Environment
  readonly presets?: string
  /** Options of the sandbox. */
  readonly sandbox?: Partial<SandboxOptions>
  /** Closes the service. By default after the test. */
  readonly defer?: Defer
}

export async function createTemporaryDirectory(defer: Defer = onTestFinished): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-test-'))
  defer(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** The path of a presets file. */
export async function writePresets(text = PRESETS): Promise<string> {
  const path = join(await createTemporaryDirectory(), 'presets.yaml')
  await writeFile(path, text)
  return path
}

export async function readAudit(directory: string): Promise<string> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.jsonl')).toSorted()
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))).join('')
}

/** From now on no record can be written. */
export async function breakAudit(auditDirectory: string): Promise<void> {
  await rm(auditDirectory, { recursive: true })
  await writeFile(auditDirectory, '')
}

export const parseRecords = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

/** A service that can be injected into, or listen. It closes when the test ends. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const sandbox = await startSandbox({ apiKey: API_KEY, ...options.sandbox })
  const { defer = onTestFinished } = options
  const auditDirectory = await createTemporaryDirectory(defer)
  const config = parseConfig({
    OPENAI_API_KEY: API_KEY,
    OPENAI_BASE_URL: sandbox.baseUrl,
    ALLOWED_ORIGINS: ORIGIN,
    AUTH_MODE: 'none',
    AUDIT_DIR: auditDirectory,
    AUDIT_KEY,
    RATE_LIMIT_PER_ADDRESS: '1000/second',
    RATE_LIMIT_PER_CALLER: '1000/second',
    RATE_LIMIT_TOTAL: '1000/second',
    ...options.environment,
  })
  const catalog = catalogOf(options.presets ?? PRESETS, {
    api: config.upstream.api,
    isOpenAi: false,
    allowedOrigins: config.allowedOrigins,
    authMode: config.callers.mode,
  })
  const lines: string[] = []
  const logger = createLogger(config.logLevel, { write: (line: string) => void lines.push(line) })
  const { app, adminApp, upstream, audit, redis, lifecycle, callerGuard, presets, pauses } =
    await createRuntime(config, catalog, logger)
  defer(async () => {
    presets.close()
    pauses.close()
    await adminApp?.close()
    app.server.closeAllConnections()
    await app.close()
    await upstream.close()
    await callerGuard?.close()
    redis?.close()
    await audit.close()
    await sandbox.close()
  })
  const records = async () => parseRecords(await readAudit(auditDirectory))
  return {
    app,
    adminApp,
    sandbox,
    lifecycle,
    audit,
    pauses,
    auditDirectory,
    mint: async (body = { preset: 'assistant' }, headers = {}) =>
      app.inject({
        method: 'POST',
        url: '/v1/realtime/client_secrets',
        headers: { origin: ORIGIN, 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(body),
      }),
    records,
    attempts: async () => (await records()).filter(({ event }) => event === 'attempt'),
    auditText: () => readAudit(auditDirectory),
    logText: () => lines.join(''),
    logLines: (text) => parseRecords(lines.filter((line) => line.includes(text)).join('')),
  }
}

/** The repository's own folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
