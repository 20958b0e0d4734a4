// Server-sent events: what a page gets when it connects, when something happens, and when it connects again.
import { once } from 'node:events'
import { expect, it, onTestFinished, vi } from 'vitest'
import { attemptsReply, liveRecords, type StateReply, stateReply } from '../../src/admin/api-schemas.ts'
import { LiveStreams } from '../../src/admin/live-streams.ts'
import { type AdminService, shareAdminService, startAdminService } from './admin-service.ts'

interface Events {
  /** The data of the next event of this name. Fails if the stream ends before. */
  readonly next: (event: string) => Promise<unknown>
  readonly seen: () => string
  readonly close: () => void
}

async function openEvents({ ask }: AdminService, headers: Record<string, string> = {}): Promise<Events> {
  const aborting = new AbortController()
  onTestFinished(() => aborting.abort())
  const reply = await ask('/api/live', { headers, signal: aborting.signal })
  expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const reader = reply.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  /** How far each kind of event is read. */
  const ends = new Map<string, number>()
  async function more(): Promise<boolean> {
    const { done = true, value = '' } = (await reader?.read().catch(() => undefined)) ?? {}
    text += value
    return !done
  }
  return {
    async next(event) {
      const pattern = new RegExp(`event: ${event}\\ndata: (.+)\\n\\n`, 'g')
      for (;;) {
        pattern.lastIndex = ends.get(event) ?? 0
        const [, data] = pattern.exec(text) ?? []
        if (data !== undefined) {
          ends.set(event, pattern.lastIndex)
          return JSON.parse(data)
        }
        if (!(await more())) throw new Error(`the stream ended before an event ${event}`)
      }
    },
    seen: () => text,
    close: () => aborting.abort(),
  }
}

const nextVersion = async (events: Events): Promise<string> =>
  liveRecords.parse(await events.next('records')).version

const readVersion = async ({ ask }: AdminService): Promise<string> =>
  attemptsReply.parse(await (await ask('/api/attempts')).json()).version

const service = shareAdminService()

it('begins with the state and with the version of the records', async () => {
  const events = await openEvents(service())
  expect(stateReply.parse(await events.next('state')).minting.state).toBe('yes')
  expect(await nextVersion(events)).toBe(await readVersion(service()))
})

it('says when there is a new record, and when a part fails', async () => {
  const events = await openEvents(service())
  const before = await nextVersion(events)
  service().sandbox.behave({ kind: 'status', status: 401 }, 1)
  await service().mint()
  const after = await nextVersion(events)
  expect(after).not.toBe(before)
  expect(events.seen()).toContain('"causes":["upstream_key"]')
})

it('does not repeat what a page has seen before it connected again', async () => {
  const first = await openEvents(service())
  const version = await nextVersion(first)
  first.close()
  const again = await openEvents(service(), { 'last-event-id': version })
  await again.next('state')
  await service().mint()
  expect(await nextVersion(again)).not.toBe(version)
  expect(again.seen().match(/event: records/g)).toHaveLength(1)
})

it('serves 16 pages, and refuses others until one leaves', async () => {
  const own = await startAdminService()
  const opened = await Promise.all(Array.from({ length: 16 }, () => openEvents(own)))
  const refused = await own.ask('/api/live')
  expect([refused.status, refused.headers.get('retry-after')]).toStrictEqual([503, '10'])
  expect(await refused.json()).toMatchObject({ error: { code: 'too_many_streams' } })
  opened[0]?.close()
  await expect.poll(async () => (await own.ask('/api/live', { method: 'GET' })).status).toBe(200)
})

it('has no HEAD, which would never end', async () => {
  expect((await service().ask('/api/live', { method: 'HEAD' })).status).toBe(405)
})

/** Streams whose state differs each time, and how often it was read. */
async function openStreams(bytes = 0) {
  const parsed = stateReply.parse(await (await service().ask('/api/state')).json())
  let reads = 0
  const readState = (): StateReply => {
    reads += 1
    return { ...parsed, version: `${reads}${'x'.repeat(bytes)}` }
  }
  const streams = new LiveStreams({ readState, readVersion: () => Promise.resolve('1') })
  onTestFinished(() => streams.close())
  return { streams, reads: () => reads }
}

it('cuts a reader that does not read', async () => {
  const { streams } = await openStreams(10_000)
  const stream = streams.open('')
  for (let looks = 0; looks < 20; looks += 1) await streams.look()
  expect(stream.destroyed).toBe(true)
})

it('keeps a quiet connection open with comments', async () => {
  const { streams } = await openStreams()
  const stream = streams.open('1').setEncoding('utf8')
  for (let looks = 0; looks < 10; looks += 1) await streams.look()
  expect(String(stream.read())).toContain(': keep-alive\n\n')
})

it('reads nothing while there is no page', async () => {
  const { streams, reads } = await openStreams()
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const stream = streams.open('')
  vi.advanceTimersByTime(3_000)
  expect(reads()).toBe(4)
  const closed = once(stream, 'close')
  stream.destroy()
  await closed
  vi.advanceTimersByTime(3_000)
  expect(reads()).toBe(4)
})
