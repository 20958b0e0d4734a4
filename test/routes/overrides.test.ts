import { describe, expect, it } from 'vitest'
import { CLIENT_SECRETS, SESSIONS } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { ask, environment, lastSent, outcomeOf, presets } from './asking.ts'

const service = shareService({ environment, presets })

const invalid = (param: string): unknown => [400, 'invalid_request', param]
const refused = (param: string): unknown => [403, 'override_not_allowed', param]

/** A session with one field, by its dotted path. */
const sessionOf = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)

const askFor = (session: unknown, preset = 'open') => ask(service(), { body: { preset, session } })

describe('a leaf that equals the preset’s own passes, listed or not', () => {
  it.each<[what: string, session: unknown]>([
    ['nothing at all', {}],
    ['an empty object inside', { audio: { output: {} } }],
    ['the type', { type: 'realtime' }],
    ['a text', { model: 'gpt-realtime-2.1' }],
    ['a number', { max_output_tokens: 100 }],
    ['a list', { output_modalities: ['audio'] }],
    ['a null', { audio: { input: { turn_detection: null } } }],
    ['the instructions as rendered', { instructions: 'Be kind to the guest.' }],
    ['what the preset opens too', { audio: { output: { voice: 'marin' } } }],
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
    expect(outcomeOf(await askFor(sessionOf(path, value)))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session: sessionOf(path, value) })
  })
})

describe('anything else is refused with the field’s name', () => {
  it.each<[path: string, value: unknown, outcome: unknown]>([
    ['audio.output.voice', 'ash', refused('session.audio.output.voice')],
    ['audio.output.voice', 'Cedar', refused('session.audio.output.voice')],
    ['audio.output.voice', { id: 'voice_1' }, refused('session.audio.output.voice.id')],
    ['audio.output.speed', 0.79, refused('session.audio.output.speed')],
    ['audio.output.speed', 1.5, refused('session.audio.output.speed')],
    ['model', 'gpt-realtime-2.1-mini', refused('session.model')],
    ['instructions', 'Be rude.', refused('session.instructions')],
    ['instructions', 'Be kind to {{guest}}.', refused('session.instructions')],
    ['instructions', '', refused('session.instructions')],
    ['max_output_tokens', 'inf', refused('session.max_output_tokens')],
    ['output_modalities', ['text'], refused('session.output_modalities')],
    ['audio.input.noise_reduction', null, refused('session.audio.input.noise_reduction')],
    ['audio.input.turn_detection.type', 'semantic_vad', refused('session.audio.input.turn_detection.type')],
    ['tools', [], refused('session.tools')],
    ['tracing', 'auto', refused('session.tracing')],
    ['type', 'transcription', refused('session.type')],
    ['type', 'realtime-2', invalid('session.type')],
    ['type', 1, invalid('session.type')],
    ['audio.output.speed', 1.51, invalid('session.audio.output.speed')],
    ['audio.output.speed', 0.24, invalid('session.audio.output.speed')],
    ['audio.output.speed', '1', invalid('session.audio.output.speed')],
    ['audio.output.voice', '', invalid('session.audio.output.voice')],
    ['audio.output.voice', 1, invalid('session.audio.output.voice')],
    ['audio', [], invalid('session.audio')],
    ['model', null, invalid('session.model')],
    ['max_output_tokens', 0, invalid('session.max_output_tokens')],
    ['max_output_tokens', 4097, invalid('session.max_output_tokens')],
    ['temperature', 0.8, invalid('session.temperature')],
    ['audio.output.pitch', 1, invalid('session.audio.output.pitch')],
    ['client_secret', {}, invalid('session.client_secret')],
  ])('%s as %j', async (path, value, outcome) => {
    expect(outcomeOf(await askFor(sessionOf(path, value)))).toEqual(outcome)
  })

  it('nothing goes upstream for it', async () => {
    const before = service().sandbox.requests.length
    await askFor({ model: 'another' })
    expect(service().sandbox.requests).toHaveLength(before)
  })

  it.each(['plain', 'dictation', 'interpreter'])(
    'and nothing is open unless it is listed: %s',
    async (preset) => {
      const type = { plain: 'realtime', dictation: 'transcription', interpreter: 'translation' }[preset]
      const audio =
        type === 'translation' ? { output: { language: 'de' } } : { input: { noise_reduction: null } }
      const path = type === 'translation' ? 'output.language' : 'input.noise_reduction'
      const reply = await askFor({ type, audio }, preset)
      expect(outcomeOf(reply)).toEqual(refused(`session.audio.${path}`))
    },
  )
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
    expect(outcomeOf(reply)).toEqual([400, 'invalid_request', param])
  })
})

describe('variables', () => {
  it.each<[what: string, variables: object, instructions: string]>([
    ['fill the holes', { hotel: 'Astoria', guest: 'Ada' }, 'Astoria greets Ada.'],
    ['fall back to their default', { hotel: 'Bristol' }, 'Bristol greets the guest.'],
    [
      'may be as long as the rule says',
      { hotel: 'Astoria', guest: 'abcdefghij' },
      'Astoria greets abcdefghij.',
    ],
    [
      'are measured in code points',
      { hotel: 'Astoria', guest: '😀'.repeat(10) },
      `Astoria greets ${'😀'.repeat(10)}.`,
    ],
    ['are not looked at for holes', { hotel: 'Astoria', guest: '{{hotel}}' }, 'Astoria greets {{hotel}}.'],
    ['are no replacement patterns', { hotel: 'Astoria', guest: '$&$1$`' }, 'Astoria greets $&$1$`.'],
    ['may be empty', { hotel: 'Astoria', guest: '' }, 'Astoria greets .'],
    ['cannot end the JSON', { hotel: 'Astoria', guest: '"},\\' }, 'Astoria greets "},\\.'],
  ])('%s', async (_, variables, instructions) => {
    expect(outcomeOf(await ask(service(), { body: { preset: 'hotel', variables } }))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session: { instructions } })
  })

  it.each<[what: string, variables: unknown, param: string]>([
    ['missing, without a default', {}, 'variables.hotel'],
    ['undeclared', { hotel: 'Astoria', spa: 'x' }, 'variables'],
    ['a member of every object', { hotel: 'Astoria', constructor: 'x' }, 'variables'],
    ['no text', { hotel: 1 }, 'variables'],
    ['null', { hotel: null }, 'variables'],
    ['not one of its values', { hotel: 'astoria' }, 'variables.hotel'],
    ['too long', { hotel: 'Astoria', guest: 'abcdefghijk' }, 'variables.guest'],
    ['too long in code points', { hotel: 'Astoria', guest: '😀'.repeat(11) }, 'variables.guest'],
    ['with a line break', { hotel: 'Astoria', guest: 'a\nb' }, 'variables.guest'],
    ['with a control character', { hotel: 'Astoria', guest: 'a\u0007' }, 'variables.guest'],
    ['with a bidi control', { hotel: 'Astoria', guest: 'a\u202eb' }, 'variables.guest'],
    ['with a zero-width character', { hotel: 'Astoria', guest: 'a\u200bb' }, 'variables.guest'],
    ['with half a character', { hotel: 'Astoria', guest: '\ud800' }, 'variables.guest'],
  ])('are refused when %s', async (_, variables, param) => {
    const reply = await ask(service(), { body: { preset: 'hotel', variables } })
    expect(outcomeOf(reply)).toEqual(invalid(param))
  })

  it('are refused by a preset that declares none', async () => {
    const reply = await ask(service(), { body: { preset: 'plain', variables: { guest: 'Ada' } } })
    expect(outcomeOf(reply)).toEqual(invalid('variables'))
  })
})
