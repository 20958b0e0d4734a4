import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { UpstreamRequest } from '../../src/presets/request/upstream-request.ts'
import { post, useSandbox } from '../sandbox/caller.ts'
import { flatFields } from '../sandbox/sessions.ts'
import { buildFlat, buildGa, catalogOf, isNotGiven, presetOf } from './support.ts'

const catalog = catalogOf(await readFile(new URL('../../presets.yaml', import.meta.url), 'utf8'), {
  allowedOrigins: new Set(),
  authMode: 'none',
})
const sandbox = useSandbox()

/** Mints over real HTTP at an upstream whose schema shares nothing with ours. */
async function mint({ preset, body }: UpstreamRequest): Promise<{ status: number; reply: unknown }> {
  const path = preset.endpoint === 'translations' ? 'translations/client_secrets' : preset.endpoint
  const response = await post(sandbox(), body, { path: `/realtime/${path}` })
  return { status: response.status, reply: await response.json() }
}

const issued = { status: 200, reply: { value: expect.stringMatching(/^ek_/) } }

describe('the presets that ship', () => {
  it.each([...catalog.presets.values()])(
    'mint a secret when asked for by name alone: $name',
    async (preset) => {
      expect(preset.access).toEqual({ origins: null, claims: null })
      expect(await mint(buildGa(preset, { preset: preset.name }))).toMatchObject(issued)
    },
  )

  it('mint a secret with every field changed that they open: support-agent', async () => {
    const preset = catalog.presets.get('support-agent')
    if (preset === undefined) throw new Error('support-agent is gone')
    const built = buildGa(preset, {
      variables: { customer: 'Ada', shop: 'Harbour' },
      session: { type: 'realtime', audio: { output: { voice: 'marin', speed: 1.2 } } },
      expires_after: { anchor: 'created_at', seconds: 10 },
    })
    expect(built.overrides).toEqual(['audio.output.voice', 'audio.output.speed'])
    expect(await mint(built)).toMatchObject(issued)
  })
})

const bothKinds = { type: 'semantic_vad', eagerness: 'low', threshold: 0.5, idle_timeout_ms: 6000 }
const empty = { turn_detection: {}, input_audio_transcription: {}, input_audio_noise_reduction: {} }

describe('upstream accepts the translation of a flat session', () => {
  const { values, mistakes } = flatFields

  const nulls = mistakes.filter(([session, , param]) => isNotGiven(session, param))

  it.each([
    ...[...values, ...nulls.map(([session]) => session)].map(Object),
    { tools: [{ name: 'look_up' }], tool_choice: 'look_up' },
    { ...empty, modalities: [], tools: [] },
    { turn_detection: bothKinds },
    { input_audio_transcription: { model: 'gpt-realtime-whisper', prompt: 'p' } },
  ])('%j', async (session) => {
    expect(await mint(buildFlat(presetOf({ session }), {}))).toMatchObject(issued)
  })
})
