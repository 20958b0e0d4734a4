/** A clock that differs from the issuer's. */
import { expect, it, vi } from 'vitest'
import { startTestService } from '../support/service.ts'
import { createKey, issuerEnvironment, startKeySetServer } from '../support/tokens.ts'

it.each<[difference: number, warns: boolean]>([
  [120, true],
  [-120, true],
  [3, false],
])('of %i s is a warning in the log: %j', async (seconds, warns) => {
  const key = await createKey('ES256', 'first')
  const issuer = await startKeySetServer((_request, response) => {
    const date = new Date(Date.now() + seconds * 1_000).toUTCString()
    response.writeHead(200, { date }).end(JSON.stringify({ keys: [key.jwk] }))
  })
  const service = await startTestService({
    environment: { ...issuerEnvironment, AUTH_JWKS_URL: issuer.url.href },
  })
  await vi.waitFor(async () => {
    const reply = await service.mint(undefined, { authorization: `Bearer ${await key.sign()}` })
    expect(reply.statusCode).toBe(200)
  })
  const lines = service.logLines('clock differs from the issuer')
  // The Date of a reply has no milliseconds.
  const behind = expect.toSatisfy((value: number) => Math.abs(value - seconds) <= 1)
  expect(lines.map((line) => line['seconds_behind'])).toEqual(warns ? [behind] : [])
})
