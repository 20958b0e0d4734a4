/** What the tests of whole processes share. */
import { rename, writeFile } from 'node:fs/promises'
import { onTestFinished } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { createEnvironment, mintAt, startProcess } from '../support/process.ts'
import { API_KEY } from '../support/service.ts'

/** The base URL of an upstream that accepts no connection. */
export const NO_UPSTREAM = 'http://127.0.0.1:9/v1'

/** For tests whose mints must not meet a limit. */
export const noLimits = {
  RATE_LIMIT_PER_ADDRESS: '100000/second',
  RATE_LIMIT_PER_CALLER: '100000/second',
  RATE_LIMIT_TOTAL: '100000/second',
} as const

/** A module that Node runs before the service. */
export const preload = (code: string): string[] => [
  '--import',
  `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`,
]

/** Prints the URL of each module that is imported or required. */
export const printer = preload(`
  import { registerHooks } from 'node:module'
  registerHooks({ load(url, context, next) {
    process.stderr.write(url + '\\n')
    return next(url, context)
  } })
`)

export const command = (...given: readonly string[]): string[] => [process.execPath, 'src/main.ts', ...given]

/** A process that ends: its exit code and what it wrote. */
export async function run(line: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const started = startProcess(line, environment)
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() }
}

/** Replaces a file at once. */
export async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}

/** A sandbox, and the settings of a service in front of it. */
export async function createSettings(): Promise<{ sandbox: Sandbox; environment: Record<string, string> }> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  return { sandbox, environment: await createEnvironment(sandbox.baseUrl) }
}

/** Mints as a page does; resolves when the whole reply is here. */
export async function mint(url: string, preset?: string) {
  const reply = await mintAt(url, preset)
  return { status: reply.status, headers: reply.headers, body: await reply.text() }
}
