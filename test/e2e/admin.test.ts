// The admin listener of a service that runs as a process.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parseSamples, valuesOf } from '../metrics/scrape.ts'
import { startProcess, startServiceProcess } from '../support/process.ts'
import { createTemporaryDirectory } from '../support/service.ts'
import { listen } from '../support/upstream.ts'
import { command, createSettings } from './processes.ts'

async function createAdminEnvironment(): Promise<Record<string, string>> {
  return { ...(await createSettings()).environment, ADMIN_PORT: '0' }
}

async function startAdminProcess(environment: Readonly<Record<string, string>>) {
  const service = await startServiceProcess(environment)
  const [, adminUrl = ''] = await service.seen(/"admin_url":"([^"]+)"/)
  return { ...service, adminUrl }
}

it('exits with 78 where its port is taken, and says which', async () => {
  const port = String(await listen(createServer()))
  const environment = await createAdminEnvironment()
  const service = startProcess(command(), { ...environment, ADMIN_PORT: port })
  expect(await service.ended).toBe(78)
  expect(service.stderr()).toContain(
    `ADMIN_HOST, ADMIN_PORT: cannot listen on 127.0.0.1:${port}: another program uses port ${port}. Stop it, or set ADMIN_PORT to another number (EADDRINUSE)`,
  )
})

it('shows an invalid presets file until it is valid again', async () => {
  const file = join(await createTemporaryDirectory(), 'presets.yaml')
  const valid = 'presets: { p: { session: { type: realtime } } }\n'
  await writeFile(file, valid)
  const { child, adminUrl, seen } = await startAdminProcess({
    ...(await createAdminEnvironment()),
    PRESETS_FILE: file,
  })
  const isInvalid = async (): Promise<readonly number[]> =>
    valuesOf(
      parseSamples(await (await fetch(`${adminUrl}/metrics`)).text()),
      'realtime_mint_presets_reload_failed',
    )
  expect(await isInvalid()).toStrictEqual([0])
  await writeFile(file, 'presets: {')
  child.kill('SIGHUP')
  await seen(/presets not reloaded/)
  await expect.poll(isInvalid, { timeout: 5_000 }).toStrictEqual([1])
  await writeFile(file, valid)
  child.kill('SIGHUP')
  await seen(/presets file valid again/)
  await expect.poll(isInvalid, { timeout: 5_000 }).toStrictEqual([0])
})

it('ends its live streams at SIGTERM, and the process exits', async () => {
  const { child, adminUrl, ended } = await startAdminProcess(await createAdminEnvironment())
  const stream = await fetch(`${adminUrl}/api/live`)
  child.kill('SIGTERM')
  // Rejects if the connection is cut instead.
  expect(await stream.text()).toContain('event: state')
  expect(await ended).toBe(0)
}, 5_000)

it('answers during a drain, and its connections do not keep the process alive', async () => {
  const { child, adminUrl, seen, ended } = await startAdminProcess({
    ...(await createAdminEnvironment()),
    DRAIN_DELAY_SECONDS: '1',
  })
  const { hostname, port } = new URL(adminUrl)
  const idle = connect(Number(port), hostname)
  onTestFinished(() => void idle.destroy())
  await once(idle, 'connect')
  child.kill('SIGTERM')
  await seen(/"msg":"draining"/)
  expect((await fetch(`${adminUrl}/metrics`)).status).toBe(200)
  expect(await ended).toBe(0)
})
