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
import type { Samples } from '../sandbox/samples.ts'
import { flat, realtime, transcription, translation } from '../sandbox/sessions.ts'
import { isNotGiven } from './support.ts'

interface Judged {
  readonly schema: z.ZodType
  readonly samples: Samples
  /** Of each session, in a preset. */
  readonly type?: object
  /** More that both accept, or both refuse. */
  readonly good?: readonly object[]
  readonly bad?: readonly object[]
  /** Values that the schema judges differently. */
  readonly differences?: readonly object[]
}

/** `metadata` and the variables of a prompt are any JSON. */
const isAnything = (param: string): boolean => /\b(?:prompt\.variables\.any|tracing\.metadata)\b/.test(param)

const expiry = { anchor: 'created_at' }

const judged: Readonly<Record<string, Judged>> = {
  realtime: {
    schema: gaSession,
    samples: realtime,
    bad: [{ type: 'realtime', model: '' }],
    // Nothing can call a function without a type or a name.
    differences: [{ type: 'realtime', tools: [{}, { name: 'look_up' }] }],
  },
  transcription: { schema: gaSession, samples: transcription },
  translation: {
    schema: gaSession,
    samples: translation,
    type: { type: 'translation' },
    // A preset has the type that its request must not have.
    differences: [{ type: 'translation', model: 'gpt-realtime-translate' }],
  },
  flat: {
    schema: flatEntry,
    samples: flat,
    // The translation reads more than the endpoint did.
    good: [
      { turn_detection: { idle_timeout_ms: 6000 } },
      { tool_choice: { type: 'function', name: 'look_up' } },
    ],
    bad: [...[4999, 'low'].map((ms) => ({ turn_detection: { idle_timeout_ms: ms } })), { tool_choice: '' }],
    differences: [
      { tools: [{}] },
      { modalities: [] },
      { tool_choice: 'look_up' },
      { client_secret: { expires_after: {} } },
      { client_secret: { expires_at: {} } },
      { client_secret: { expires_after: expiry, expires_at: expiry } },
    ],
  },
}

describe.each(Object.entries(judged))('a %s session', (name, { schema, samples, type, ...more }) => {
  const { good = [], bad = [], differences = [] } = more
  const keeps = (session: unknown): boolean => isDeepStrictEqual(schema.safeParse(session).data, session)
  const withType = (session: unknown): object => ({ ...type, ...Object(session) })
  const isOurs = (session: unknown, param: string): boolean =>
    isAnything(param) || (name === 'flat' && isNotGiven(session, param))

  it('is judged as the sandbox judges it, except for a few values, and passes unchanged', () => {
    const [ours = [], others = []] = [true, false].map((own) =>
      samples.mistakes
        .filter(([session, , param]) => isOurs(session, param) === own)
        .map(([session]) => session),
    )
    const found = [
      ...[...samples.values, ...ours, ...good].map(withType).filter((session) => !keeps(session)),
      ...[...others, ...bad].map(withType).filter((session) => schema.safeParse(session).success),
    ]
    expect(new Set(found.map((one) => JSON.stringify(one)))).toEqual(
      new Set(differences.map((one) => JSON.stringify(one))),
    )
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
