import { describe, expect, it } from 'vitest'
import { deriveAuditKeys } from '../../src/audit/keys.ts'
import { Secret } from '../../src/secret.ts'
import { AUDIT_KEY, startTestService, type TestService } from '../support/service.ts'

const keys = deriveAuditKeys(new Secret(AUDIT_KEY))

const presets = `
presets:
  assistant:
    session:
      type: realtime
      model: gpt-realtime-2.1
      instructions: Greet {{guest}}.
      audio: { output: { voice: marin, speed: 1 } }
    variables: { guest: { max_length: 40, default: the guest } }
    overrides: { audio.output.voice: [cedar], audio.output.speed: { min: 0.5, max: 1.5 }, model: [gpt-realtime] }
    expires_after_seconds: 90
  scribe:
    session: { type: transcription, audio: { input: { transcription: { model: gpt-live-transcribe } } } }
  elsewhere:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: [https://other.example] }
`

const environment = {
  ALLOWED_ORIGINS: 'https://app.example.com,https://other.example',
  TRUST_PROXY: '127.0.0.1',
}

const start = () => startTestService({ environment, presets })

const lastOf = async (service: TestService) =>
  (await service.records()).findLast(({ event }) => event === 'attempt')

describe('the record of an issued secret', () => {
  it('has what was issued, to which page and address, and what upstream replied', async () => {
    const service = await start()
    const reply = await service.mint({ preset: 'assistant' }, { 'x-forwarded-for': '203.0.113.9' })
    const { value, expires_at: expiresAt } = reply.json()
    expect(await lastOf(service)).toStrictEqual({
      v: 1,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      writer: expect.stringMatching(/^[0-9a-f]{16}$/),
      seq: expect.any(Number),
      event: 'attempt',
      request_id: reply.headers['x-request-id'],
      outcome: 'issued',
      code: null,
      reason: null,
      status: 200,
      delivered: true,
      preset: 'assistant',
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      model: 'gpt-realtime-2.1',
      expires_after_seconds: 90,
      overrides: [],
      origin: 'https://app.example.com',
      caller: null,
      address: keys.toPseudonym('address', '203.0.113.9'),
      secret: new Secret(value).fingerprint(keys.fingerprint),
      secret_expires_at: expiresAt,
      upstream: {
        status: 200,
        code: null,
        param: null,
        request_id: expect.stringMatching(/^req_[0-9a-f]{32}$/),
        attempts: 1,
        ms: expect.any(Number),
      },
      ms: expect.any(Number),
      count: null,
      detail: null,
      prev: expect.stringMatching(/^[0-9a-f]{64}$/),
      mac: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('names the fields that the request changed, without values', async () => {
    const service = await start()
    const session = {
      type: 'realtime',
      model: 'gpt-realtime',
      audio: { output: { voice: 'cedar', speed: 1 } },
    }
    const reply = await service.mint({
      preset: 'assistant',
      session,
      expires_after: { anchor: 'created_at', seconds: 45 },
      variables: { guest: 'Ada Lovelace' },
    })
    expect(reply.statusCode).toBe(200)
    const record = await lastOf(service)
    expect(record).toMatchObject({ model: 'gpt-realtime', expires_after_seconds: 45 })
    expect(record?.['overrides']).toHaveLength(2)
    expect(record?.['overrides']).toStrictEqual(expect.arrayContaining(['model', 'audio.output.voice']))
    expect(await service.auditText()).not.toMatch(/Ada|Lovelace|cedar|Greet/)
  })

  it('has the preset’s revision, which differs between presets', async () => {
    const service = await start()
    await service.mint({ preset: 'assistant' })
    await service.mint({ preset: 'assistant', variables: { guest: 'Ada' } })
    await service.mint({ preset: 'scribe' })
    const attempts = (await service.records()).filter(({ event }) => event === 'attempt')
    const [one, same, other] = attempts.map(({ revision }) => revision)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
    expect(attempts.at(-1)).toMatchObject({ preset: 'scribe', model: 'gpt-live-transcribe' })
  })
})

describe('the record of a refusal', () => {
  const session = { type: 'realtime', instructions: 'Be rude.' }

  it.each([
    [
      'an unlisted origin',
      {},
      { origin: 'https://evil.example' },
      { reason: 'origin_unlisted', origin: 'other' },
    ],
    ['a null origin', {}, { origin: 'null' }, { reason: 'origin_unlisted', origin: 'other' }],
    [
      'a preset that does not exist',
      { preset: 'secret-plans' },
      {},
      { reason: 'preset_unknown', preset: null },
    ],
    ['a preset for other origins', { preset: 'elsewhere' }, {}, { reason: 'preset_origin', preset: null }],
    [
      'a closed field',
      { preset: 'assistant', session },
      {},
      { reason: 'override_not_open', preset: 'assistant' },
    ],
    [
      'a later expiry',
      { preset: 'assistant', expires_after: { anchor: 'created_at', seconds: 91 } },
      {},
      { reason: 'expiry_raised' },
    ],
    [
      'an undeclared variable',
      { preset: 'assistant', variables: { hobby: 'x' } },
      {},
      { reason: 'variable_undeclared' },
    ],
    ['a navigation', { preset: 'assistant' }, { 'sec-fetch-mode': 'navigate' }, { reason: 'fetch_metadata' }],
    ['another media type', {}, { 'content-type': 'text/plain' }, { reason: 'media_type_unsupported' }],
  ])('for %s has its reason, and nothing is issued', async (_name, body, headers, facts) => {
    const service = await start()
    const reply = await service.mint(body, headers)
    expect(await lastOf(service)).toMatchObject({
      outcome: 'refused',
      request_id: reply.headers['x-request-id'],
      code: reply.json().error.code,
      status: reply.statusCode,
      delivered: true,
      secret: null,
      secret_expires_at: null,
      upstream: null,
      ...facts,
    })
    expect(service.sandbox.requests).toHaveLength(0)
    expect(await service.auditText()).not.toMatch(/evil|secret-plans|rude|hobby|navigate/)
  })
})

async function addressOf(forwarded: string): Promise<unknown> {
  const service = await start()
  await service.mint({ preset: 'assistant' }, { 'x-forwarded-for': forwarded })
  return (await lastOf(service))?.['address']
}

describe('the address of a record', () => {
  it.each([
    ['203.0.113.9', '::ffff:203.0.113.9'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9'],
    ['127.0.0.1', 'not an address'],
    ['127.0.0.1', 'canary<script>'],
  ])('%s is the same as %s', async (one, other) => {
    const [first, second] = await Promise.all([addressOf(one), addressOf(other)])
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(second).toBe(first)
  })

  it.each([
    ['203.0.113.9', '203.0.113.10'],
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
  ])('%s is not the same as %s', async (one, other) => {
    const [first, second] = await Promise.all([addressOf(one), addressOf(other)])
    expect(second).not.toBe(first)
  })
})
