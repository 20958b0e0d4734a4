/** Pauses from the command line, in real processes without the admin listener. */
import { expect, it } from 'vitest'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { describeRedis, startRedis } from '../support/redis.ts'
import { AUDIT_KEY } from '../support/service.ts'
import { command, createSettings, mint, run } from './processes.ts'

/** A second for the service, and the rest for a busy machine. */
const soon = { timeout: 3_000, interval: 50 } as const

const statusAt = (url: string) => async (): Promise<number> => (await mint(url)).status

it('a pause stops a running service, survives its restart, ends by itself, and all of it is on record', async () => {
  const { environment } = await createSettings()
  const first = await startServiceProcess(environment)
  expect((await mint(first.url)).status).toBe(200)
  const said = await run(command('pause', '--preset', 'voice-assistant', '--for', '8s'), environment)
  expect(said).toMatchObject({ code: 0, stderr: '' })
  await expect.poll(statusAt(first.url), soon).toBe(503)
  expect(await first.stop()).toBe(0)
  const second = await startServiceProcess(environment)
  expect((await mint(second.url)).status).toBe(503)
  await second.seen(/"msg":"pause ended: its time is over"/)
  expect((await mint(second.url)).status).toBe(200)
  await second.stop()
  expect(
    (await second.records()).filter(({ event }) => event === 'pause').map(({ detail }) => detail),
  ).toMatchObject([
    { state: 'paused', by: 'command line' },
    { state: 'paused', by: 'command line' },
    { state: 'expired', by: null },
  ])
  expect(await run(command('audit', 'verify'), environment)).toMatchObject({ code: 0 })
})

describeRedis('with Redis', () => {
  it('commands reach a service whose AUDIT_DIR is elsewhere, and end', async () => {
    const shared = { REDIS_URL: (await startRedis()).url, AUDIT_KEY }
    const { sandbox, environment } = await createSettings()
    const { url } = await startServiceProcess({ ...environment, ...shared })
    const elsewhere = { ...(await createEnvironment(sandbox.baseUrl)), ...shared }
    expect(await run(command('pause', '--all'), elsewhere)).toMatchObject({ code: 0, stderr: '' })
    await expect.poll(statusAt(url), soon).toBe(503)
    expect(await run(command('resume', '--all'), elsewhere)).toMatchObject({ code: 0, stderr: '' })
    await expect.poll(statusAt(url), soon).toBe(200)
  })
})
