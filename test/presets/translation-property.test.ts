import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { isObject } from '../../src/json.ts'
import { type Fields, putAt, toPath, valueAt } from '../../src/presets/json.ts'
import { flatFields, flatSession, gaPathOf } from '../../src/presets/schema/flat.ts'
import { gaSession } from '../../src/presets/schema/ga.ts'
import { toFlatValue, toGaSession } from '../../src/presets/schema/translation.ts'

const text = fc.string({ minLength: 1 })
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null })
const format = fc.constantFrom('pcm16', 'g711_ulaw', 'g711_alaw')
const json = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.oneof(fc.string(), fc.integer()),
)

const some = <Shape>(fields: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record(fields, { requiredKeys: [] })

/** Any flat session whose tool_choice names nothing. */
const flatSessions = some({
  model: maybe(text),
  modalities: maybe(fc.uniqueArray(fc.constantFrom('text', 'audio'))),
  instructions: maybe(fc.string()),
  voice: maybe(text),
  input_audio_format: maybe(format),
  output_audio_format: maybe(format),
  input_audio_transcription: maybe(
    some({
      model: maybe(fc.constantFrom('whisper-1', 'gpt-4o-transcribe-diarize', 'gpt-live-transcribe')),
      language: maybe(text),
      prompt: maybe(text),
    }),
  ),
  turn_detection: maybe(
    some({
      type: maybe(fc.constantFrom('server_vad', 'semantic_vad')),
      threshold: maybe(fc.double({ min: 0, max: 1, noNaN: true })),
      prefix_padding_ms: maybe(fc.nat()),
      silence_duration_ms: maybe(fc.nat()),
      idle_timeout_ms: maybe(fc.integer({ min: 5000, max: 30_000 })),
      eagerness: maybe(fc.constantFrom('low', 'medium', 'high', 'auto')),
      create_response: maybe(fc.boolean()),
      interrupt_response: maybe(fc.boolean()),
    }),
  ),
  input_audio_noise_reduction: maybe(some({ type: maybe(fc.constantFrom('near_field', 'far_field')) })),
  tools: maybe(
    fc.array(
      fc.record(
        {
          type: maybe(fc.constant('function')),
          name: fc.stringMatching(/^[a-zA-Z0-9_-]{1,20}$/),
          description: maybe(fc.string()),
          parameters: maybe(json),
        },
        { requiredKeys: ['name'] },
      ),
    ),
  ),
  tool_choice: maybe(fc.constantFrom('auto', 'none', 'required')),
  temperature: maybe(fc.double({ min: 0.6, max: 1.2, noNaN: true })),
  max_response_output_tokens: maybe(fc.oneof(fc.constant('inf'), fc.integer({ min: 1, max: 4096 }))),
  speed: maybe(fc.double({ min: 0.25, max: 1.5, noNaN: true })),
  tracing: maybe(fc.oneof(fc.constant('auto'), fc.record({ group_id: text, metadata: json }))),
  truncation: maybe(fc.constantFrom('auto', 'disabled')),
  prompt: maybe(fc.record({ id: text, variables: json })),
})

const objects: ReadonlySet<string> = new Set([
  'input_audio_transcription',
  'turn_detection',
  'input_audio_noise_reduction',
])
const offWhenNull: ReadonlySet<string> = new Set([...objects, 'tracing', 'prompt'])

/** What the flat session says, written down without the code under test. */
function saidBy(flat: Fields, dropped: ReadonlySet<string>): Fields {
  const said: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(flat)) {
    if (dropped.has(field) || (value === null && !offWhenNull.has(field))) continue
    if (field === 'modalities' && Array.isArray(value)) {
      if (value.length > 0) said[field] = value.includes('audio') ? ['audio', 'text'] : value
    } else if (field === 'tools' && Array.isArray(value)) {
      said[field] = value.map((tool: object) => ({ type: 'function', ...withoutNulls(tool) }))
    } else if (isObject(value) && objects.has(field)) {
      // A null that only the other kind of turn detection knows says nothing.
      const isOff = value['type'] !== 'semantic_vad' && value['idle_timeout_ms'] === null
      const kept = Object.entries(withoutNulls(value)).filter(([key]) => !dropped.has(`${field}.${key}`))
      const defaults = field === 'turn_detection' ? { type: 'server_vad' } : {}
      said[field] = { ...defaults, ...Object.fromEntries(kept), ...(isOff ? { idle_timeout_ms: null } : {}) }
    } else said[field] = value
  }
  return said
}

const withoutNulls = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))

it('the translation of any flat session is a GA session that says the same', () => {
  const property = fc.property(flatSessions, (input) => {
    const flat = flatSession.parse(input)
    const { session, dropped } = toGaSession(flat)
    expect(gaSession.safeParse(session).error).toBeUndefined()
    for (const { path, value } of dropped) expect(valueAt(flat, toPath(path))).toBe(value)

    const ga: Record<string, unknown> = { type: 'realtime' }
    const back: Record<string, unknown> = {}
    for (const field of flatFields) {
      const path = gaPathOf[field]
      const value = path === null ? undefined : valueAt(session, toPath(path))
      if (path === null || value === undefined) continue
      putAt(ga, toPath(path), value)
      back[field] = toFlatValue(field, value)
    }
    expect(session).toEqual(ga)
    expect(back).toEqual(saidBy(flat, new Set(dropped.map(({ path }) => path))))
    expect(toGaSession(flatSession.parse(back)).session).toEqual(session)
  })
  fc.assert(property, { seed: 20_261_122, numRuns: 500 })
})
