// Every error ends the process with an exit code and a line on stderr, whatever throws and whenever it throws.
import { type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEnvironment, startProcess } from '../support/process.ts'
import { ROOT } from '../support/service.ts'

const UPSTREAM = 'http://127.0.0.1:9/v1'
const CANARY = 'canary-in-the-message'

/** A module that Node runs before the service. */
const preload = (code: string): string[] => [
  '--import',
  `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`,
]

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

const end = async (code: string) => {
  const started = startProcess(service(code), await createEnvironment(UPSTREAM))
  return { code: await started.ended, stdout: started.stdout(), stderr: started.stderr() }
}

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
    [
      'an emitter that emits an error',
      whenListening(`new net.Socket().emit('error', new Error('${CANARY}'))`),
    ],
    [
      'a worker that dies',
      `import { Worker } from 'node:worker_threads';${whenListening(`new Worker('throw new Error("${CANARY}")', { eval: true })`)}`,
    ],
  ])('%s', async (_what, code) => {
    const { code: exit, stdout, stderr } = await end(code)
    expect(exit).toBe(70)
    expect(stderr).toMatch(/^realtime-mint crashed[^\n]*\n$/)
    expect(lastLine(stdout)).toMatchObject({ level: 'fatal', msg: 'crashed' })
    expect(stdout + stderr).not.toContain(CANARY)
  })

  it('an error before the log is open', async () => {
    const { code, stderr } = await end(
      `process.getuid = () => 1; setImmediate(() => { throw new Error('${CANARY}') })`,
    )
    expect(code).toBe(70)
    expect(stderr).toMatch(/^realtime-mint crashed[^\n]*\n$/)
  })

  it('an error of another command', async () => {
    const crashed = startProcess([
      process.execPath,
      ...preload(`JSON.stringify = () => { throw new Error('${CANARY}') }`),
      'src/main.ts',
      'schema',
    ])
    expect(await crashed.ended).toBe(70)
    expect(crashed.stderr()).toBe('realtime-mint crashed\n')
  })
})

describe('a crash ends with 70 though', () => {
  const crash = whenListening(`throw new Error('${CANARY}')`)

  async function exitWith(stdio: StdioOptions, code = crash): Promise<unknown> {
    const [file = '', ...given] = service(code)
    const child = spawn(file, given, { cwd: ROOT, env: await createEnvironment(UPSTREAM), stdio })
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stdout?.destroy()
    child.stderr?.destroy()
    return (await once(child, 'exit'))[0]
  }

  it('nothing reads stdout and stderr', async () => {
    expect(await exitWith(['ignore', 'pipe', 'pipe'])).toBe(70)
  })

  it('the disk of stdout and stderr is full', async () => {
    const full = await open('/dev/full', 'w')
    onTestFinished(() => full.close())
    expect(await exitWith(['ignore', full.fd, full.fd])).toBe(70)
  })

  it('stdout and stderr are closed', async () => {
    expect(await exitWith(['ignore', 'ignore', 'ignore'])).toBe(70)
  })

  it('the pipes of stdout and stderr are full and have no reader', async () => {
    const fill = 'for (const stream of [process.stdout, process.stderr]) stream.write("x".repeat(1e6));'
    const [file = '', ...given] = service(fill + crash)
    const child = spawn(file, given, { cwd: ROOT, env: await createEnvironment(UPSTREAM) })
    onTestFinished(() => void child.kill('SIGKILL'))
    expect((await once(child, 'exit'))[0]).toBe(70)
  })
})
