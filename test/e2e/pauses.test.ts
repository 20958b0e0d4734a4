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

describeRedis('replicas with one Redis', () => {
  it('apply a pause, keep it while Redis loses its data, pass it on, and resume', async () => {
    const server = await startRedis()
    const { sandbox, environment } = await createSettings()
    const shared = { REDIS_URL: server.url, AUDIT_KEY }
    const elsewhere = async () => ({ ...(await createEnvironment(sandbox.baseUrl)), ...shared })
    const one = await startServiceProcess({ ...environment, ...shared })
    const other = await startServiceProcess(await elsewhere())
    const said = await run(command('pause', '--all'), { ...environment, ...shared })
    expect(said).toMatchObject({ code: 0, stderr: '' })
    await expect.poll(statusAt(other.url), soon).toBe(503)
    await expect.poll(statusAt(one.url), soon).toBe(503)
    await server.kill()
    await other.seen(/"msg":"redis unavailable/)
    expect([(await mint(one.url)).status, (await mint(other.url)).status]).toEqual([503, 503])
    await server.start()
    await other.seen(/"msg":"redis available again"/)
    await expect.poll(() => server.client.get('{realtime-mint}:pauses'), soon).toContain('"paused"')
    const late = await startServiceProcess(await elsewhere())
    expect((await mint(late.url)).status).toBe(503)
    expect(await run(command('resume', '--all'), await elsewhere())).toMatchObject({ code: 0 })
    for (const { url } of [one, other, late]) await expect.poll(statusAt(url), soon).toBe(200)
  })
})
