import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isObject } from '../../src/json.ts'
import { toPath, valueAt } from '../../src/presets/json.ts'
import { flatSession, gaPathOf, isFlatField } from '../../src/presets/schema/flat.ts'
import { gaSession } from '../../src/presets/schema/ga.ts'
import { leavesOf } from '../../src/presets/schema/paths.ts'
import { toFlatValue, toGaSession } from '../../src/presets/schema/translation.ts'

const text = fc.string({ minLength: 1 })
const maybe = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null })
const format = fc.constantFrom('pcm16', 'g711_ulaw', 'g711_alaw')
const json = fc.dictionary(
  fc.string().filter((key) => key !== '__proto__'),
  fc.oneof(fc.string(), fc.integer()),
)

const some = <Fields>(fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> }) =>
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

const offWhenNull: ReadonlySet<string> = new Set([
  'input_audio_transcription',
  'turn_detection',
  'input_audio_noise_reduction',
  'tracing',
  'prompt',
])

/** What the flat session says, leaf by leaf and in GA paths, written down without the code under test. */
function expectedPaths(flat: Readonly<Record<string, unknown>>, dropped: ReadonlySet<string>): Set<string> {
  const expected = new Set(['type'])
  for (const [field, value] of Object.entries(flat)) {
    const path = isFlatField(field) ? gaPathOf[field] : null
    const saysNothing = Array.isArray(value) && value.length === 0 && field === 'modalities'
    if (path === null || saysNothing || (value === null && !offWhenNull.has(field))) continue
    if (field.endsWith('_audio_format')) {
      expected.add(`${path}.type`)
      if (value === 'pcm16') expected.add(`${path}.rate`)
    } else if (isObject(value) && field !== 'prompt') {
      if (field === 'turn_detection') expected.add(`${path}.type`)
      for (const [key, member] of Object.entries(value)) {
        const isKept = member !== null || key === 'idle_timeout_ms'
        if (isKept && !dropped.has(`${field}.${key}`)) expected.add(`${path}.${key}`)
      }
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) expected.add(`${path}.${key}`)
    } else {
      expected.add(path)
    }
  }
  return expected
}

const runs = { seed: 20_261_122, numRuns: 500 }

describe('the translation of any flat session', () => {
  it('is a GA session, and no field is lost, misplaced or invented', () => {
    const property = fc.property(flatSessions, (input) => {
      const flat = flatSession.parse(input)
      const { session, dropped } = toGaSession(flat)
      expect(gaSession.safeParse(session).error).toBeUndefined()

      const droppedPaths = new Set(dropped.map(({ path }) => path))
      for (const { path, value } of dropped) expect(valueAt(flat, toPath(path))).toBe(value)
      const paths = new Set(leavesOf(gaSession, session).map(({ path }) => path))
      const expected = expectedPaths(flat, droppedPaths)
      // A null that only the other kind of turn detection knows says nothing.
      if (valueAt(session, toPath('audio.input.turn_detection.type')) === 'semantic_vad') {
        expected.delete('audio.input.turn_detection.idle_timeout_ms')
      }
      expect([...paths].toSorted()).toEqual([...expected].toSorted())
    })
    fc.assert(property, runs)
  })

  it('can be translated back and again without a change', () => {
    const property = fc.property(flatSessions, (input) => {
      const first = toGaSession(flatSession.parse(input)).session
      const back: Record<string, unknown> = {}
      for (const field of Object.keys(gaPathOf).filter(isFlatField)) {
        const path = gaPathOf[field]
        const value = path === null ? undefined : valueAt(first, toPath(path))
        if (value !== undefined) back[field] = toFlatValue(field, value)
      }
      expect(toGaSession(flatSession.parse(back)).session).toEqual(first)
    })
    fc.assert(property, runs)
  })
})
