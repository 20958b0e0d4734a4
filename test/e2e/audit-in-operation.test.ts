import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { findFreePort } from '../bench/workshop.ts'
import { createEnvironment, startProcess, startServiceProcess } from '../support/process.ts'
import { API_KEY, createTemporaryDirectory, ORIGIN, parseRecords, readAudit } from '../support/service.ts'

async function createSettings(): Promise<Record<string, string>> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  return createEnvironment(sandbox.baseUrl)
}

const mint = async (url: string, preset = 'voice-assistant'): Promise<number> => {
  const { status } = await fetch(`${url}/v1/realtime/client_secrets`, {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'application/json' },
    body: JSON.stringify({ preset }),
  })
  return status
}

it('tells the head of the chain on stdout, though the log is silent', async () => {
  const { AUDIT_DIR: auditDirectory = '', ...settings } = await createSettings()
  const port = String(await findFreePort())
  const service = startProcess([process.execPath, 'src/main.ts'], {
    ...settings,
    AUDIT_DIR: auditDirectory,
    PORT: port,
    LOG_LEVEL: 'silent',
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitFor(async () => expect(await mint(url)).toBe(200), { timeout: 15_000, interval: 50 })
  service.child.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  const last = parseRecords(await readAudit(auditDirectory)).at(-1)
  expect(last).toMatchObject({ event: 'close', detail: { cause: 'stopped' } })
  const { writer, seq, mac } = last ?? {}
  expect(parseRecords(service.stdout())).toMatchObject([
    { level: 'info', writer, file: expect.stringContaining(String(writer)), seq, mac, msg: 'audit anchor' },
  ])
})

it('writes what it counted of the running minute before it ends', async () => {
  const settings = await createSettings()
  const service = await startServiceProcess(settings)
  const statuses = await Promise.all(Array.from({ length: 30 }, () => mint(service.url, 'nobody')))
  expect(new Set(statuses)).toStrictEqual(new Set([404]))
  service.child.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  const records = parseRecords(await readAudit(settings['AUDIT_DIR'] ?? ''))
  const counted = records.filter(({ event }) => event === 'refusals')
  const attempts = records.filter(({ event }) => event === 'attempt')
  const sum = counted.reduce((count, record) => count + Number(record['count']), attempts.length)
  expect(sum).toBe(30)
  expect(counted).toMatchObject([{ code: 'unknown_preset', detail: { reasons: { preset_unknown: 20 } } }])
})

it('ends within 10 s though the disk hangs for ever', async () => {
  const settings = await createSettings()
  const flag = join(await createTemporaryDirectory(), 'hang')
  const script = `
    import fs from 'node:fs'
    import { syncBuiltinESMExports } from 'node:module'
    const { fdatasync } = fs
    fs.fdatasync = (fd, done) => fs.existsSync('${flag}') || fdatasync(fd, done)
    syncBuiltinESMExports()`
  const service = await startServiceProcess({
    ...settings,
    NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(script)}"`,
  })
  expect(await mint(service.url)).toBe(200)
  await writeFile(flag, '')
  expect(await mint(service.url)).toBe(503)
  const startedAt = performance.now()
  service.child.kill('SIGTERM')
  expect(await service.ended).toBe(0)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
})
