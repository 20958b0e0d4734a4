/** The service as a process of its own, as operators run it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { API_KEY, createTemporaryDirectory, ORIGIN, parseRecords, ROOT, readAudit } from './service.ts'

export interface ServiceProcess {
  readonly child: ChildProcess
  /** Everything on stdout so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with the first match of `pattern` on stdout; rejects if the process ends without. */
  readonly seen: (pattern: RegExp) => Promise<RegExpExecArray>
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
  /** Sends SIGTERM, and waits for the end. */
  readonly stop: () => Promise<number | string | null>
  /** The records in AUDIT_DIR so far, parsed. */
  readonly records: () => Promise<readonly Record<string, unknown>[]>
}

/** Runs `command` in the project's folder with nothing of this process's environment but PATH. */
export function startProcess(
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ServiceProcess {
  const [file = process.execPath, ...parameters] = command
  const child = spawn(file, parameters, {
    cwd: ROOT,
    // A process group of its own, so that what it started ends with it.
    detached: true,
    env: { PATH: `${ROOT}node_modules/.bin:${process.env['PATH'] ?? ''}`, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => toEnd(code ?? signal))
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  })

  async function seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(output.stdout)
      if (match !== null) return match
      const next = await Promise.race([
        once(child.stdout, 'data').then(() => 'more'),
        ended.then(() => 'end'),
      ])
      if (next === 'end') throw new Error(`it ended without ${pattern}:\n${output.stdout}${output.stderr}`)
    }
  }

  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    seen,
    ended,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
    records: async () => parseRecords(await readAudit(environment['AUDIT_DIR'] ?? '')),
  }
}

const toEnd = (end: unknown): number | string | null =>
  typeof end === 'number' || typeof end === 'string' ? end : null

/** What the service needs to start against `baseUrl`, on a free port and with an audit directory of its own. */
export async function createEnvironment(baseUrl: string): Promise<Record<string, string>> {
  return {
    PORT: '0',
    OPENAI_API_KEY: API_KEY,
    OPENAI_BASE_URL: baseUrl,
    ALLOWED_ORIGINS: ORIGIN,
    AUTH_MODE: 'none',
    AUDIT_DIR: await createTemporaryDirectory(),
  }
}

/** Starts `node src/main.ts` and resolves with its URL once it listens. */
export async function startServiceProcess(
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess & { readonly url: string }> {
  const service = startProcess([process.execPath, 'src/main.ts'], environment)
  const [, url = ''] = await service.seen(/"url":"([^"]+)"/)
  return { ...service, url }
}

/** Mints with a preset of presets.yaml, as a page does. */
export const mintAt = (url: string, preset = 'voice-assistant'): Promise<Response> =>
  fetch(`${url}/v1/realtime/client_secrets?preset=${preset}`, {
    method: 'POST',
    headers: { origin: ORIGIN },
  })
