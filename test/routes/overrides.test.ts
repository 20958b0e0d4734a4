import { describe, expect, it } from 'vitest'
import { nest } from '../sandbox/caller.ts'
import { CLIENT_SECRETS, invalid, notAllowed, SESSIONS } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { ask, environment, lastSent, outcomeOf, presets } from './asking.ts'

const service = shareService({ environment, presets })

const askFor = (session: unknown, preset = 'open') => ask(service(), { body: { preset, session } })

describe('a leaf that equals that of the preset passes, listed or not', () => {
  it.each<[what: string, session: unknown]>([
    ['no leaf', {}],
    ['an empty object inside', { audio: { output: {} } }],
    ['the type', { type: 'realtime' }],
    ['a text', { model: 'gpt-realtime-2.1' }],
    ['a number', { max_output_tokens: 100 }],
    ['a list', { output_modalities: ['audio'] }],
    ['a null', { audio: { input: { turn_detection: null } } }],
    ['the instructions as rendered', { instructions: 'Be kind to the guest.' }],
    ['a leaf that the preset opens', { audio: { output: { voice: 'marin' } } }],
    ['several at once', { type: 'realtime', model: 'gpt-realtime-2.1', max_output_tokens: 100 }],
  ])('%s', async (_, session) => {
    expect(outcomeOf(await askFor(session))).toBe('issued')
    expect(lastSent(service())).toEqual({
      expires_after: { anchor: 'created_at', seconds: 60 },
      session: {
        type: 'realtime',
        model: 'gpt-realtime-2.1',
        instructions: 'Be kind to the guest.',
        output_modalities: ['audio'],
        audio: { input: { turn_detection: null }, output: { voice: 'marin' } },
        max_output_tokens: 100,
      },
    })
  })
})

describe('a leaf that the preset opens passes within its rule, and is sent', () => {
  it.each<[path: string, value: unknown]>([
    ['audio.output.voice', 'cedar'],
    ['audio.output.speed', 0.8],
    ['audio.output.speed', 1],
    ['audio.output.speed', 1.2],
  ])('%s as %j', async (path, value) => {
    expect(outcomeOf(await askFor(nest(path, value)))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session: nest(path, value) })
  })
})

describe('any other leaf is refused with its name', () => {
  it.each<[path: string, values: readonly unknown[], param?: string]>([
    ['audio.output.voice', ['ash', 'Cedar']],
    ['audio.output.voice', [{ id: 'voice_1' }], 'audio.output.voice.id'],
    ['audio.output.speed', [0.79, 1.5]],
    ['model', ['gpt-realtime-2.1-mini']],
    ['instructions', ['Be rude.', 'Be kind to {{guest}}.', '']],
    ['max_output_tokens', ['inf']],
    ['output_modalities', [['text']]],
    ['audio.input.noise_reduction', [null]],
    ['audio.input.turn_detection.type', ['semantic_vad']],
    ['tools', [[]]],
    ['tracing', ['auto']],
    ['type', ['transcription']],
  ])('if it is outside the rule of the preset: %s as %j', async (path, values, param = path) => {
    for (const value of values) {
      expect(outcomeOf(await askFor(nest(path, value)))).toEqual(notAllowed(`session.${param}`))
    }
  })

  it.each<[path: string, values: readonly unknown[]]>([
    ['type', ['realtime-2', 1]],
    ['audio.output.speed', [1.51, 0.24, '1']],
    ['audio.output.voice', ['', 1]],
    ['audio', [[]]],
    ['model', [null]],
    ['max_output_tokens', [0, 4097]],
    ['temperature', [0.8]],
    ['audio.output.pitch', [1]],
    ['client_secret', [{}]],
  ])('if it is outside the schema: %s as %j', async (path, values) => {
    for (const value of values) {
      expect(outcomeOf(await askFor(nest(path, value)))).toEqual(invalid(`session.${path}`))
    }
  })

  it('and upstream is not asked', async () => {
    const before = service().sandbox.requests.length
    await askFor({ model: 'another' })
    expect(service().sandbox.requests).toHaveLength(before)
  })

  it.each([
    ['plain', 'realtime', 'input.noise_reduction', null],
    ['dictation', 'transcription', 'input.noise_reduction', null],
    ['interpreter', 'translation', 'output.language', 'de'],
  ])('if the preset opens nothing: %s', async (preset, type, path, value) => {
    const reply = await askFor({ type, audio: nest(path, value) }, preset)
    expect(outcomeOf(reply)).toEqual(notAllowed(`session.audio.${path}`))
  })
})

/** 16 KiB can nest thousands deep. */
describe('values that nest deeper than any session are refused as malformed', () => {
  const deep = `${'['.repeat(7_000)}${']'.repeat(7_000)}`

  it.each<[where: string, path: string, fields: string, param: string | null]>([
    ['a trace', CLIENT_SECRETS, `"session":{"type":"realtime","tracing":{"metadata":${deep}}}`, 'session'],
    ['a prompt', CLIENT_SECRETS, `"session":{"prompt":{"id":"p","variables":{"a":${deep}}}}`, 'session'],
    ['an unknown field', CLIENT_SECRETS, `"extra":${deep}`, 'extra'],
    ['variables', CLIENT_SECRETS, `"variables":{"guest":${deep}}`, 'variables'],
    ['a flat trace', SESSIONS, `"tracing":{"metadata":${deep}}`, null],
    ['a flat tool', SESSIONS, `"tools":[{"name":"f","parameters":{"a":${deep}}}]`, null],
  ])('%s', async (_, path, fields, param) => {
    const reply = await ask(service(), { path, body: `{"preset":"open",${fields}}` })
    expect(outcomeOf(reply)).toEqual(invalid(param))
  })
})

describe('variables', () => {
  const smileys = '😀'.repeat(10)

  it.each<[what: string, variables: object, instructions: string]>([
    ['fill the placeholders', { guest: 'Ada' }, 'Astoria greets Ada.'],
    ['fall back to their default', {}, 'Astoria greets the guest.'],
    ['may be as long as the rule says', { guest: 'abcdefghij' }, 'Astoria greets abcdefghij.'],
    ['are measured in code points', { guest: smileys }, `Astoria greets ${smileys}.`],
    ['may look like placeholders', { guest: '{{hotel}}' }, 'Astoria greets {{hotel}}.'],
    ['may look like replacement patterns', { guest: '$&$1$`' }, 'Astoria greets $&$1$`.'],
    ['may be empty', { guest: '' }, 'Astoria greets .'],
    ['cannot end the JSON', { guest: '"},\\' }, 'Astoria greets "},\\.'],
  ])('%s', async (_, variables, instructions) => {
    const body = { preset: 'hotel', variables: { hotel: 'Astoria', ...variables } }
    expect(outcomeOf(await ask(service(), { body }))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session: { instructions } })
  })

  it.each<[what: string, variables: Readonly<Record<string, unknown>>, param?: string]>([
    ['missing, without a default', { hotel: undefined }, '.hotel'],
    ['undeclared', { spa: 'x' }],
    ['a member of every object', { constructor: 'x' }],
    ['not a text', { hotel: 1 }],
    ['null', { hotel: null }],
    ['not one of its values', { hotel: 'astoria' }, '.hotel'],
    ['too long', { guest: 'abcdefghijk' }, '.guest'],
    ['too long in code points', { guest: '😀'.repeat(11) }, '.guest'],
    ['with a line break', { guest: 'a\nb' }, '.guest'],
    ['with a control character', { guest: 'a\u0007' }, '.guest'],
    ['with a bidi control', { guest: 'a\u202eb' }, '.guest'],
    ['with a zero-width character', { guest: 'a\u200bb' }, '.guest'],
    ['with half a character', { guest: '\ud800' }, '.guest'],
  ])('are refused when %s', async (_, variables, param = '') => {
    const body = { preset: 'hotel', variables: { hotel: 'Astoria', ...variables } }
    expect(outcomeOf(await ask(service(), { body }))).toEqual(invalid(`variables${param}`))
  })

  it('are refused by a preset that declares none', async () => {
    const body = { preset: 'plain', variables: { guest: 'Ada' } }
    expect(outcomeOf(await ask(service(), { body }))).toEqual(invalid('variables'))
  })
})
