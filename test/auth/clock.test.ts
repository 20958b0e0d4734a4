/** A clock that differs from the issuer's. */
import { expect, it, vi } from 'vitest'
import { startTestService } from '../support/service.ts'
import { createKey, issuerEnvironment, startKeySetServer } from '../support/tokens.ts'

it('is a warning in the log', async () => {
  const key = await createKey('ES256', 'first')
  const issuer = await startKeySetServer((_request, response) => {
    const date = new Date(Date.now() + 120_000).toUTCString()
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
  const behind = expect.toSatisfy((value: number) => Math.abs(value - 120) <= 1)
  expect(lines.map((line) => line['seconds_behind'])).toEqual([behind])
})
