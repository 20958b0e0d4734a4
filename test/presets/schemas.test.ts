import { isDeepStrictEqual } from 'node:util'
import type { SessionCreateParams } from 'openai/resources/beta/realtime/sessions'
import type { ClientSecretCreateParams } from 'openai/resources/realtime/client-secrets'
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
  RealtimeTranslationSessionCreateRequest,
} from 'openai/resources/realtime/realtime'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { flatEntry } from '../../src/presets/schema/flat.ts'
import { gaSession, gaSessions } from '../../src/presets/schema/ga.ts'
import { expiresAfter } from '../../src/presets/schema/parts.ts'
import { type Field, flat, input, mutate, realtime, translation } from '../sandbox/accepted.ts'
import { nest } from '../sandbox/caller.ts'
import type { Row } from '../sandbox/refusals.ts'
import { flatRefusals, inputRefusals, realtimeRefusals, translationRefusals } from '../sandbox/refused.ts'

/** The sandbox's tables of a kind of session, and the values that we judge differently. */
type Tables = readonly [fields: readonly Field[], refusals: readonly Row[], differences: readonly Field[]]

// `metadata` and the variables of a prompt are any JSON.
const tracing: Field = ['tracing', { workflow_name: 'desk', group_id: 'g', metadata: true }]
const prompts = [1, { type: 'x' }].map((a) => ({ id: 'p', variables: { a } }))
const realtimeTables: Tables = [
  [...realtime, ['parallel_tool_calls', true]],
  [...realtimeRefusals, ['model', '', 'empty']],
  // Nothing can call a function without a type or a name.
  [tracing, ['prompt', ...prompts], ['tools', [{ name: 'look_up' }]]],
]

// A preset has the type that its request must not have.
const translationTables: Tables = [translation, translationRefusals, [['type', 'translation']]]

const expiry = { anchor: 'created_at' }
const lenient = [null, {}, { seconds: 60 }]
const noDetails = { model: null, language: null, prompt: null }
// The translation reads more than the endpoint did.
const flatTables: Tables = [
  [...flat, ['tools', [{ name: 'f', description: null }]], ['input_audio_transcription', noDetails]],
  [...flatRefusals, ['turn_detection.idle_timeout_ms', 4999, 'low'], ['tool_choice', '', 'empty']],
  [
    tracing,
    ['tools', [{}]],
    ['modalities', []],
    ['turn_detection.idle_timeout_ms', 6000],
    ['tool_choice', 'look_up', { type: 'function', name: 'look_up' }],
    ['client_secret', null, { expires_after: expiry, expires_at: expiry }],
    ['client_secret.expires_after', ...lenient],
    ['client_secret.expires_at', ...lenient],
  ],
]

const show = (field: string, value: unknown): string => `${field} ${JSON.stringify(value)}`

describe.each<[kind: string, schema: z.ZodType, base: object, tables: Tables]>([
  ['realtime', gaSession, { type: 'realtime' }, realtimeTables],
  ['transcription', gaSession, { type: 'transcription' }, [input, inputRefusals, []]],
  ['translation', gaSession, { type: 'translation', model: 'm' }, translationTables],
  ['flat', flatEntry, {}, flatTables],
])('a %s session', (_kind, schema, base, [fields, refusals, differences]) => {
  const toSession = (field: string, value: unknown): object => ({ ...base, ...nest(field, value) })
  const takes = (field: string, value: unknown): boolean => schema.safeParse(toSession(field, value)).success
  const keeps = (field: string, value: unknown): boolean =>
    isDeepStrictEqual(schema.safeParse(toSession(field, value)).data, toSession(field, value))

  it('is judged as the sandbox judges it, except for a few values, and passes unchanged', () => {
    const accepted = fields.flatMap(([field, ...values]) => values.map((value) => [field, value] as const))
    const nullable = new Set(accepted.flatMap(([field, value]) => (value === null ? [field] : [])))
    const others = fields.flatMap(([field]) => (nullable.has(field) ? [] : [[field, null] as const]))
    // In the flat shape, null is "not given".
    const [given, nulls] = schema === flatEntry ? [[...accepted, ...others], []] : [accepted, others]
    const mutants = accepted.flatMap(([field, value]) =>
      Array.from(mutate(value, field), ([mutant]) => [field, mutant] as const),
    )
    const refused = given.filter(([field, value]) => !keeps(field, value))
    const taken = mutants.concat(nulls).filter(([field, value]) => takes(field, value))
    const wrong = [...refused, ...taken, ...refusals.filter(([field, value]) => takes(field, value))]
    const expected = differences.flatMap(([field, ...values]) => values.map((value) => show(field, value)))
    expect(new Set(wrong.map(([field, value]) => show(field, value)))).toEqual(new Set(expected))
  })
})

describe('the schemas', () => {
  it('name the fields that OpenAI’s SDK names, which tsc checks', () => {
    type Flat = Exclude<keyof z.infer<typeof flatEntry>, 'truncation' | 'prompt'>
    type Expiry = NonNullable<ClientSecretCreateParams['expires_after']>
    type Ga = { [type in keyof typeof gaSessions]: keyof z.infer<(typeof gaSessions)[type]> }
    expectTypeOf<Ga['realtime']>().toEqualTypeOf<keyof RealtimeSessionCreateRequest>()
    expectTypeOf<Ga['transcription']>().toEqualTypeOf<keyof RealtimeTranscriptionSessionCreateRequest>()
    expectTypeOf<Exclude<Ga['translation'], 'type'>>().toEqualTypeOf<
      keyof RealtimeTranslationSessionCreateRequest
    >()
    expectTypeOf<Flat>().toEqualTypeOf<keyof SessionCreateParams>()
    expectTypeOf<keyof z.infer<typeof expiresAfter>>().toEqualTypeOf<keyof Expiry>()
  })
})
