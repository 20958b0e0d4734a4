// Every error ends the process with an exit code and a line on stderr, whatever throws and whenever it throws.
import { type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEnvironment } from '../support/process.ts'
import { ROOT } from '../support/service.ts'
import { NO_UPSTREAM, preload, run } from './processes.ts'

const CANARY = 'canary-in-the-message'

const service = (code = ''): string[] => [process.execPath, ...preload(code), 'src/main.ts']

/** Throws while the service starts, after its log is open. */
const throwAtStart = (thrown: string): string =>
  `import http from 'node:http'; import { syncBuiltinESMExports } from 'node:module'
   http.createServer = () => { throw ${thrown} }; syncBuiltinESMExports()`

/** Runs `code` as soon as the service listens. */
const whenListening = (code: string): string =>
  `import net from 'node:net'; const { listen } = net.Server.prototype
   net.Server.prototype.listen = function (...given) { this.once('listening', () => setTimeout(() => { ${code} }, 50)); return listen.apply(this, given) }`

const hostile = `new Proxy({}, { get() { throw new Error('${CANARY}') }, getPrototypeOf() { throw new Error('${CANARY}') } })`

const dyingWorker = `new Worker('throw new Error("${CANARY}")', { eval: true })`

const end = async (code: string) => run(service(code), await createEnvironment(NO_UPSTREAM))

const lastLine = (stdout: string): unknown => JSON.parse(stdout.trim().split('\n').at(-1) ?? '')

describe('a crash ends with 70, a line on stderr and a line in the log:', () => {
  it.each<[what: string, code: string]>([
    ['an error at the start', throwAtStart(`new Error('${CANARY}')`)],
    ['text that is thrown at the start', throwAtStart(`'${CANARY}'`)],
    ['undefined that is thrown at the start', throwAtStart('undefined')],
    ['an object that throws when it is looked at', throwAtStart(hostile)],
    ['an error in a callback', whenListening(`throw new Error('${CANARY}')`)],
    ['null that is thrown in a callback', whenListening('throw null')],
    ['a rejection without a handler', whenListening(`Promise.reject(new Error('${CANARY}'))`)],
    ['a rejection with text', whenListening(`Promise.reject('${CANARY}')`)],
    ['errors without an end', whenListening(`setInterval(() => { throw new Error('${CANARY}') })`)],
    ['an emitter’s error', whenListening(`new net.Socket().emit('error', new Error('${CANARY}'))`)],
    ['a worker that dies', `import { Worker } from 'node:worker_threads';${whenListening(dyingWorker)}`],
  ])('%s', async (_what, code) => {
    const { code: exit, stdout, stderr } = await end(code)
    expect(exit).toBe(70)
    expect(stderr).toMatch(/^realtime-mint crashed[^\n]*\n$/)
    expect(lastLine(stdout)).toMatchObject({ level: 'fatal', msg: 'crashed' })
    expect(stdout + stderr).not.toContain(CANARY)
  })

  it('an error before the log is open', async () => {
    const early = `process.getuid = () => 1; setImmediate(() => { throw new Error('${CANARY}') })`
    const { code, stderr } = await end(early)
    expect(code).toBe(70)
    expect(stderr).toMatch(/^realtime-mint crashed[^\n]*\n$/)
  })

  it('an error of another command', async () => {
    const broken = service(`JSON.stringify = () => { throw new Error('${CANARY}') }`)
    const said = await run([...broken, 'schema'])
    expect(said).toMatchObject({ code: 70, stderr: 'realtime-mint crashed\n' })
  })
})

async function exitWith(stdio: StdioOptions, code = '', isRead = false): Promise<unknown> {
  const [file = '', ...given] = service(code + whenListening(`throw new Error('${CANARY}')`))
  const child = spawn(file, given, { cwd: ROOT, env: await createEnvironment(NO_UPSTREAM), stdio })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (!isRead) child.stdout?.destroy()
  if (!isRead) child.stderr?.destroy()
  return (await once(child, 'exit'))[0]
}

describe('a crash ends with 70 though', () => {
  it.each<[what: string, stdio: StdioOptions]>([
    ['nothing reads stdout and stderr', ['ignore', 'pipe', 'pipe']],
    ['stdout and stderr are closed', ['ignore', 'ignore', 'ignore']],
  ])('%s', async (_what, stdio) => {
    expect(await exitWith(stdio)).toBe(70)
  })

  it('the disk of stdout and stderr is full', async () => {
    const full = await open('/dev/full', 'w')
    onTestFinished(() => full.close())
    expect(await exitWith(['ignore', full.fd, full.fd])).toBe(70)
  })

  it('the pipes of stdout and stderr are full and have no reader', async () => {
    const fill = 'for (const stream of [process.stdout, process.stderr]) stream.write("x".repeat(1e6));'
    expect(await exitWith('pipe', fill, true)).toBe(70)
  })
})
