/** The audit as operators meet it: exit codes, pipes, files that no command may touch, and the end of the service. */
import { execFile } from 'node:child_process'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { Chain, toFiles, writeFiles } from '../audit-reader/chains.ts'
import { findPort } from '../support/ports.ts'
import { startProcess, startServiceProcess } from '../support/process.ts'
import { AUDIT_KEY, createTemporaryDirectory, parseRecords, ROOT } from '../support/service.ts'
import { command, createSettings, mint, preload, run } from './processes.ts'

const chain = () => new Chain().open().attempts(20)

const audit = (directory: string, ...args: readonly string[]) =>
  run(command('audit', ...args), { AUDIT_DIR: directory, AUDIT_KEY })

describe('audit query', () => {
  it('ends quietly behind a pipe that was closed', async () => {
    const directory = await writeFiles(toFiles(new Chain().open().attempts(3_000)))
    const line = `set -o pipefail; "${process.execPath}" src/main.ts audit query --json --dir "${directory}" | head -n 1`
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line], { cwd: ROOT })
    expect([stdout.split('\n').length, stderr]).toStrictEqual([2, ''])
  })
})

describe('audit', () => {
  it.each([
    ['verify writes nothing', 'verify', []],
    ['query writes nothing but its index', 'query', ['index.sqlite']],
  ])('%s', async (_what, name, created) => {
    const directory = await writeFiles(toFiles(chain()))
    const look = async (): Promise<number[]> => {
      const { mtimeMs, size, nlink, mode } = await stat(join(directory, chain().name))
      return [mtimeMs, size, nlink, mode]
    }
    const before = await look()
    await audit(directory, name)
    expect((await readdir(directory)).toSorted()).toStrictEqual([chain().name, ...created])
    expect(await look()).toStrictEqual(before)
  })
})

describe('a service that ends', () => {
  it('prints the head of the chain on stdout, though the log is silent', async () => {
    const { environment } = await createSettings()
    const port = String(await findPort())
    const service = startProcess(command(), { ...environment, PORT: port, LOG_LEVEL: 'silent' })
    const isUp = async () => expect(await mint(`http://127.0.0.1:${port}`)).toMatchObject({ status: 200 })
    await vi.waitFor(isUp, { timeout: 15_000, interval: 50 })
    expect(await service.stop()).toBe(0)
    const last = (await service.records()).at(-1)
    expect(last).toMatchObject({ event: 'close', detail: { cause: 'stopped' } })
    const { writer, seq, mac } = last ?? {}
    const file = expect.stringContaining(String(writer))
    const anchor = { level: 'info', writer, file, seq, mac, msg: 'audit anchor' }
    expect(parseRecords(service.stdout())).toMatchObject([anchor])
  })

  it('takes less than 10 s though the disk hangs for ever', async () => {
    const { environment } = await createSettings()
    const flag = join(await createTemporaryDirectory(), 'hang')
    const hang = preload(`
      import fs from 'node:fs'
      import { promisify } from 'node:util'
      const write = promisify(fs.write)
      const never = new Promise(() => undefined)
      fs.write[promisify.custom] = (...given) => (fs.existsSync('${flag}') ? never : write(...given))`)
    const service = await startServiceProcess({ ...environment, NODE_OPTIONS: hang.join(' ') })
    expect(await mint(service.url)).toMatchObject({ status: 200 })
    await writeFile(flag, '')
    expect(await mint(service.url)).toMatchObject({ status: 503 })
    const startedAt = performance.now()
    expect(await service.stop()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})
