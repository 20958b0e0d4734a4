import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { parseClientSecretsRequest } from '../../src/presets/request.ts'
import { buildUpstreamRequest, type UpstreamRequest } from '../../src/presets/upstream-request.ts'
import { fullFlat, fullRealtime, fullTranscription, fullTranslation } from './sessions.ts'
import { catalogOf, orderFlat, orderGa, presetOf } from './support.ts'

const apiKey = 'sk-sandbox-0123456789abcdefghij'
const catalog = catalogOf(await readFile(new URL('../../presets.yaml', import.meta.url), 'utf8'), {
  allowedOrigins: new Set(),
  authMode: 'none',
})
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({ apiKey })
})
afterAll(() => sandbox.close())

/** Mints over real HTTP at an upstream whose schema shares nothing with ours. */
async function mint({ endpoint, body }: UpstreamRequest): Promise<{ status: number; reply: unknown }> {
  const path = endpoint === 'translations' ? 'translations/client_secrets' : endpoint
  const response = await fetch(`${sandbox.baseUrl}/realtime/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body,
  })
  return { status: response.status, reply: await response.json() }
}

const issued = { status: 200, reply: { value: expect.stringMatching(/^ek_/) } }

test('the presets that ship are these, without a warning', () => {
  expect([...catalog.presets.keys()]).toEqual([
    'voice-assistant',
    'transcriber',
    'translator',
    'support-agent',
    'classic',
  ])
  expect(catalog.warnings).toEqual([])
})

test.each([...catalog.presets.keys()])('%s mints a secret, asked for by name alone', async (name) => {
  const preset = catalog.presets.get(name)
  expect(preset?.access).toEqual({ origins: null, claims: null })
  if (preset === undefined) return
  expect(await mint(buildUpstreamRequest(preset, parseClientSecretsRequest({ preset: name })))).toMatchObject(
    issued,
  )
})

test('support-agent mints a secret with everything it opens changed', async () => {
  const preset = catalog.presets.get('support-agent')
  if (preset === undefined) throw new Error('support-agent is gone')
  const order = orderGa(preset, {
    variables: { customer: 'Ada', shop: 'Harbour' },
    session: { type: 'realtime', audio: { output: { voice: 'marin', speed: 1.2 } } },
    expires_after: { anchor: 'created_at', seconds: 10 },
  })
  expect(order.overrides).toEqual(['audio.output.voice', 'audio.output.speed'])
  expect(await mint(order)).toMatchObject(issued)
})

const { client_secret: _, ...flat } = fullFlat

test.each<[string, object]>([
  ['realtime with every field', fullRealtime],
  ['transcription with every field', fullTranscription],
  ['translation with every field', fullTranslation],
  ['flat with every field', fullFlat],
  ...Object.entries(flat)
    .filter(([field]) => field !== 'tool_choice')
    .flatMap(([field, value]): [string, object][] => [
      [`flat with ${field}`, { [field]: value }],
      [`flat with ${field}: null`, { [field]: null }],
    ]),
  [
    'flat with empty objects',
    {
      turn_detection: {},
      input_audio_transcription: {},
      input_audio_noise_reduction: {},
      modalities: [],
      tools: [],
    },
  ],
  [
    'flat with every key of both turn detections',
    { turn_detection: { type: 'semantic_vad', eagerness: 'low', threshold: 0.5, idle_timeout_ms: 6000 } },
  ],
  [
    'flat with a prompt that its model refuses',
    { input_audio_transcription: { model: 'gpt-realtime-whisper', prompt: 'p' } },
  ],
])('a preset is taken upstream: %s', async (_name, session) => {
  expect(await mint(orderFlat(presetOf({ session }), {}))).toMatchObject(issued)
})
