/** A real Prometheus on a free port, and promtool. */
import { execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { findPort, whenListening } from './ports.ts'
import { createTemporaryDirectory } from './service.ts'

const PROGRAM = 'prometheus'

/** Resolves with what promtool prints; rejects with it if promtool finds a problem. */
export async function runPromtool(parameters: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)('promtool', [...parameters])
  running.child.stdin?.end(input)
  const { stdout, stderr } = await running
  return `${stdout}${stderr}`
}

export interface Prometheus {
  /** The `data` of a successful reply of its API; throws with its error otherwise. */
  readonly ask: (path: string, parameters?: Readonly<Record<string, string>>) => Promise<unknown>
}

const replyShape = z.object({ status: z.string(), data: z.unknown(), error: z.string().optional() })

/** Starts it with the text of a configuration. */
export async function startPrometheus(configuration: string): Promise<Prometheus> {
  const directory = await createTemporaryDirectory()
  const file = join(directory, 'prometheus.yml')
  await writeFile(file, configuration)
  const port = await findPort()
  const child = spawn(
    PROGRAM,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  await Promise.race([
    whenListening(port),
    ended.then((code) => Promise.reject(new Error(`Prometheus ended with ${String(code)}`))),
  ])
  return {
    ask: async (path, parameters = {}) => {
      const query = new URLSearchParams(parameters).toString()
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/${path}?${query}`)
      const { status, data, error } = replyShape.parse(await reply.json())
      if (status !== 'success') throw new Error(`${parameters['query'] ?? path}: ${error}`)
      return data
    },
  }
}
