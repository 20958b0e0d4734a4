import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/secret.ts'
import { shareService } from '../support/shared-service.ts'
import { keys } from './fields.ts'

const service = shareService({
  environment: {
    ALLOWED_ORIGINS: 'https://app.example.com,https://other.example',
    TRUST_PROXY: '127.0.0.1',
  },
  presets: `
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
`,
})

/** The reply to a request, and its record. */
async function mint(body: object = { preset: 'assistant' }, headers: Record<string, string> = {}) {
  const reply = await service().mint(body, headers)
  return { reply, record: (await service().records()).at(-1) ?? {} }
}

describe('the record of an issued secret', () => {
  it('has what was issued, to which page and address, and what upstream replied', async () => {
    const { reply, record } = await mint({ preset: 'assistant' }, { 'x-forwarded-for': '203.0.113.9' })
    const { value, expires_at: expiresAt } = reply.json()
    expect(record).toStrictEqual({
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
    const { reply, record } = await mint({
      preset: 'assistant',
      session: { type: 'realtime', model: 'gpt-realtime', audio: { output: { voice: 'cedar', speed: 1 } } },
      expires_after: { anchor: 'created_at', seconds: 45 },
      variables: { guest: 'Ada Lovelace' },
    })
    expect(reply.statusCode).toBe(200)
    expect(record).toMatchObject({
      model: 'gpt-realtime',
      expires_after_seconds: 45,
      overrides: { length: 2 },
    })
    expect(record['overrides']).toStrictEqual(expect.arrayContaining(['model', 'audio.output.voice']))
    expect(await service().auditText()).not.toMatch(/Ada|Lovelace|cedar|Greet/)
  })

  it('has the preset’s revision, which differs between presets', async () => {
    const { record: one } = await mint()
    const { record: same } = await mint({ preset: 'assistant', variables: { guest: 'Ada' } })
    const { record: other } = await mint({ preset: 'scribe' })
    expect(same['revision']).toBe(one['revision'])
    expect(other['revision']).not.toBe(one['revision'])
    expect(other).toMatchObject({ preset: 'scribe', model: 'gpt-live-transcribe' })
  })
})

const refusals: readonly (readonly [
  what: string,
  body: object,
  headers: Record<string, string>,
  facts: object,
])[] = [
  [
    'an unlisted origin',
    {},
    { origin: 'https://evil.example' },
    { reason: 'origin_unlisted', origin: 'other' },
  ],
  ['a null origin', {}, { origin: 'null' }, { reason: 'origin_unlisted', origin: 'other' }],
  ['an unknown preset', { preset: 'secret-plans' }, {}, { reason: 'preset_unknown', preset: null }],
  ['a preset for other origins', { preset: 'elsewhere' }, {}, { reason: 'preset_origin', preset: null }],
  [
    'a closed field',
    { session: { instructions: 'Be rude.' } },
    {},
    { reason: 'override_not_open', preset: 'assistant' },
  ],
  [
    'a later expiry',
    { expires_after: { anchor: 'created_at', seconds: 91 } },
    {},
    { reason: 'expiry_raised' },
  ],
  ['an undeclared variable', { variables: { hobby: 'x' } }, {}, { reason: 'variable_undeclared' }],
  ['a navigation', {}, { 'sec-fetch-mode': 'navigate' }, { reason: 'fetch_metadata' }],
  ['another media type', {}, { 'content-type': 'text/plain' }, { reason: 'media_type_unsupported' }],
]

describe('the record of a refusal', () => {
  it.each(refusals)('for %s has its reason, and nothing is issued', async (_name, body, headers, facts) => {
    const before = service().sandbox.requests.length
    const { reply, record } = await mint({ preset: 'assistant', ...body }, headers)
    expect(record).toMatchObject({
      event: 'attempt',
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
    expect(service().sandbox.requests).toHaveLength(before)
    expect(await service().auditText()).not.toMatch(/evil|secret-plans|rude|hobby|navigate/)
  })
})
