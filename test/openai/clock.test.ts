import { expect, it } from 'vitest'
import { inTurn } from '../bench/in-turn.ts'
import { startReplier } from '../support/upstream.ts'
import { startFor } from './outcome.ts'

it('a clock that differs from upstream’s is logged when that begins and when it ends', async () => {
  const offsetsMs = [0, 120_000, 120_000, 0, 0]
  const baseUrl = await startReplier((_request, response, count) => {
    const now = Date.now() + (offsetsMs[count - 1] ?? 0)
    const body = JSON.stringify({ value: `ek_${count}`, expires_at: Math.floor(now / 1000) + 60 })
    response.writeHead(200, { date: new Date(now).toUTCString() }).end(body)
  })
  const service = await startFor(baseUrl)
  await inTurn(offsetsMs, () => service.mint())
  const lines = service.logLines('clock ')
  expect(lines).toMatchObject([
    { level: 'warn', seconds_behind: 120, msg: expect.stringMatching(/^clock differs from upstream: .*NTP/) },
    { level: 'warn', msg: 'clock agrees with upstream again' },
  ])
})
