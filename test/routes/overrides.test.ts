import { describe, expect, it } from 'vitest'
import { nest } from '../sandbox/caller.ts'
import { CLIENT_SECRETS, invalid, notAllowed, SESSIONS } from '../support/replies.ts'
import { shareService } from '../support/shared-service.ts'
import { ask, environment, lastSent, outcomeOf, presets } from './asking.ts'

const service = shareService({ environment, presets })

const askFor = (session: unknown, preset = 'open') => ask(service(), { body: { preset, session } })

describe('a leaf', () => {
  it.each<[what: string, session: unknown]>([
    ['no leaf', {}],
    ['a text', { model: 'gpt-realtime-2.1' }],
    ['a null', { audio: { input: { turn_detection: null } } }],
    ['the instructions as rendered', { instructions: 'Be kind to the guest.' }],
    ['a leaf that the preset opens', { audio: { output: { voice: 'marin' } } }],
  ])('that equals that of the preset passes, listed or not: %s', async (_, session) => {
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

  it('that the preset opens passes within its rule, and is sent', async () => {
    const session = { audio: { output: { voice: 'cedar', speed: 0.8 } } }
    expect(outcomeOf(await askFor(session))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session })
  })

  it.each<[path: string, value: unknown, toOutcome: (param: string) => unknown]>([
    ['audio.output.voice', 'ash', notAllowed],
    ['audio.output.speed', 0.79, notAllowed],
    ['model', 'gpt-realtime-2.1-mini', notAllowed],
    ['type', 'transcription', notAllowed],
    ['audio.output.speed', 1.51, invalid],
    ['model', null, invalid],
    ['audio.output.pitch', 1, invalid],
  ])(
    'is refused with its name otherwise, and upstream is not asked: %s as %j',
    async (path, value, toOutcome) => {
      const before = service().sandbox.requests.length
      expect(outcomeOf(await askFor(nest(path, value)))).toEqual(toOutcome(`session.${path}`))
      expect(service().sandbox.requests).toHaveLength(before)
    },
  )

  it.each([
    ['plain', 'realtime', 'input.noise_reduction', null],
    ['dictation', 'transcription', 'input.noise_reduction', null],
    ['interpreter', 'translation', 'output.language', 'de'],
  ])('is refused if the preset opens nothing: %s', async (preset, type, path, value) => {
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
  it.each<[what: string, variables: object, instructions: string]>([
    ['fill the placeholders', { guest: 'Ada' }, 'Astoria greets Ada.'],
    ['fall back to their default', {}, 'Astoria greets the guest.'],
    ['cannot end the JSON', { guest: '"},\\' }, 'Astoria greets "},\\.'],
  ])('%s', async (_, variables, instructions) => {
    const body = { preset: 'hotel', variables: { hotel: 'Astoria', ...variables } }
    expect(outcomeOf(await ask(service(), { body }))).toBe('issued')
    expect(lastSent(service())).toMatchObject({ session: { instructions } })
  })

  it.each<[what: string, preset: string, variables: Readonly<Record<string, unknown>>, param: string]>([
    ['missing, without a default', 'hotel', {}, 'variables.hotel'],
    ['undeclared', 'hotel', { hotel: 'Astoria', spa: 'x' }, 'variables'],
    ['not a text', 'hotel', { hotel: 1 }, 'variables'],
    ['not one of its values', 'hotel', { hotel: 'astoria' }, 'variables.hotel'],
    ['with a line break', 'hotel', { hotel: 'Astoria', guest: 'a\nb' }, 'variables.guest'],
    ['given to a preset that declares none', 'plain', { guest: 'Ada' }, 'variables'],
  ])('are refused when %s', async (_, preset, variables, param) => {
    expect(outcomeOf(await ask(service(), { body: { preset, variables } }))).toEqual(invalid(param))
  })
})
