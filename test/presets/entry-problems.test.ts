import { describe, expect, it } from 'vitest'
import { faultsOf, nested, problemsOf } from './support.ts'

const realtime = { type: 'realtime' }

const unknown = 'is not a known field'
const meant = (name: string): string => `${unknown}; did you mean "${name}"?`
const inGa = (path: string): string => `${unknown}; in a GA session this is "${path}"`
const withTool = (more: object): readonly object[] => [{ type: 'function', name: 'f', ...more }]
const besideType = 'write its name, description and parameters beside type'
const vad = 'audio.input.turn_detection'
const semantic = { type: 'semantic_vad', threshold: 0.5 }

describe('an unknown field of a session gets advice', () => {
  it.each<[type: string, path: string, value: unknown, message: string, at?: string]>([
    ['realtime', 'voice', 'marin', inGa('audio.output.voice')],
    ['realtime', 'turn_detection', null, inGa('audio.input.turn_detection')],
    ['realtime', 'temperature', 1, `${unknown}; the GA API has no equivalent, so leave it out`],
    ['realtime', 'client_secret', {}, `${unknown}; beside session, write expires_after_seconds`],
    ['realtime', 'instuctions', 'x', meant('instructions')],
    ['realtime', 'audio.inptu', {}, meant('input')],
    ['realtime', vad, semantic, `${unknown}; it goes with another type`, `${vad}.threshold`],
    ['transcription', 'model', 'x', unknown],
    ['transcription', 'voice', 'ash', unknown],
    ['realtime', 'quite', 'new', unknown],
    ['realtime', 'constructor', 1, unknown],
    ['realtime', 'tools', withTool({ descripton: 'x' }), meant('description'), 'tools[0].descripton'],
    ['realtime', 'tools', withTool({ function: {} }), `${unknown}; ${besideType}`, 'tools[0].function'],
    ['flat', 'max_output_tokens', 5, `${unknown}; in a flat session this is "max_response_output_tokens"`],
    ['flat', 'reasoning', {}, `${unknown}; a session with GA fields needs a type, such as "type: realtime"`],
    ['flat', 'audio', {}, `${unknown}; a session with GA fields needs a type, such as "type: realtime"`],
    ['flat', 'vocie', 'ash', meant('voice')],
    ['flat', 'turn_detection.treshold', 1, meant('threshold')],
  ])('%s, %s: %j', (type, path, value, message, at = path) => {
    const session = nested(type === 'flat' ? { [path]: value } : { type, [path]: value })
    expect(faultsOf({ session })).toEqual([`session.${at}: ${message}`])
  })
})

const wrongTool =
  "session.tool_choice: must be auto, none, required or the name of one of the session's own functions"
const asksFor = (secret: object): object => ({ session: { client_secret: secret } })
const living = (seconds: number): object => ({ session: realtime, expires_after_seconds: seconds })

describe('an entry is invalid with', () => {
  it.each<[entry: object, ...faults: string[]]>([
    [{}, 'session: is missing; it must be an object'],
    [{ session: null }, 'session: must be an object'],
    [{ session: realtime, sesion: 1 }, `sesion: ${meant('session')}`],
    [{ session: realtime, description: 5 }, 'description: must be text; put it in quotes'],
    [{ session: realtime, expires_after: 60 }, `expires_after: ${meant('expires_after_seconds')}`],
    [living(9), 'expires_after_seconds: must be a number of at least 10'],
    [living(7201), 'expires_after_seconds: must be a number of at most 7200'],
    [living(60.5), 'expires_after_seconds: must be a whole number'],
    [
      { ...asksFor({ expires_after: { seconds: 30 } }), expires_after_seconds: 60 },
      "expires_after_seconds: differs from the session's client_secret.expires_after.seconds",
    ],
    [
      asksFor({ expires_after: { seconds: 30 }, expires_at: { seconds: 60 } }),
      'session.client_secret: gives expires_after and its older name expires_at, and they differ; leave one out',
    ],
    [{ session: { tool_choice: 'look_up' } }, wrongTool],
    [{ session: { quite: 'new', tool_choice: 'look_up' } }, `session.quite: ${unknown}`, wrongTool],
    [
      { session: { tools: withTool({ name: 5 }), tool_choice: 'look_up' } },
      'session.tools[0].name: must be text; put it in quotes',
    ],
  ])('%j', (entry, ...faults) => {
    expect(faultsOf(entry)).toEqual(faults)
  })

  it('a session of the shape that its upstream does not take', () => {
    expect(faultsOf({ session: realtime }, { api: 'sessions' })).toEqual([
      'session.type: makes this a GA session, which OPENAI_REALTIME_API=sessions cannot send; write it in the flat shape',
    ])
  })

  it('a value that is no object', () => {
    expect(problemsOf('presets: { a: 5 }')).toEqual(['presets.yaml:1:15 presets.a: must be an object'])
  })
})

const asLimits = 'must be limits such as 5/minute or 10/minute,200/day'
const noOrigin = 'is not an origin; write one such as https://app.example.com'

describe('limits and access are invalid with', () => {
  it.each<[part: object, ...faults: string[]]>([
    [{ limits: { total: '0/day' } }, `limits.total: ${asLimits}`],
    [{ limits: { total: '5/week' } }, `limits.total: ${asLimits}`],
    [{ limits: { per_caller: 5 } }, 'limits.per_caller: must be text; write it like 5/minute'],
    [{ limits: { per_calller: '5/day' } }, `limits.per_calller: ${meant('per_caller')}`],
    [{ access: { origins: [] } }, 'access.origins: must be a list of at least 1 item'],
    [
      { access: { origins: ['https://app.example.com/'] } },
      'access.origins[0]: is not an origin as browsers send it; write https://app.example.com',
    ],
    [
      { access: { origins: ['https://app.example.com', 'https://evil.example'] } },
      'access.origins[1]: is not in ALLOWED_ORIGINS, which a preset can only narrow',
    ],
    [
      { access: { origins: ['app.example.com', '*', 'null', 'data:x'] } },
      ...[0, 1, 2, 3].map((index) => `access.origins[${index}]: ${noOrigin}`),
    ],
    [{ access: { claims: { plan: 'pro' } } }, 'access.claims.plan: must be a list'],
    [{ access: { claims: { plan: [] } } }, 'access.claims.plan: must be a list of at least 1 item'],
    [
      { access: { claims: { plan: [null] } } },
      'access.claims.plan[0]: must be text, a number or true or false',
    ],
  ])('%j', (part, ...faults) => {
    expect(faultsOf({ session: realtime, ...part })).toEqual(faults)
  })
})

const notOf = (type: string): string => `is not a field of a ${type} session`
const unaccepted = 'is not a value that this field accepts'
const kinds = 'must be an object with min and max, or with max_length'
const speed = 'audio.output.speed'
const voice = 'audio.output.voice'
const voiceRule = 'must be a list of values, such as [marin, cedar], or an object with max_length'

describe('a rule is invalid that', () => {
  it.each<[path: string, rule: unknown, ...faults: string[]]>([
    ['audio.ouput.voice', ['a'], `: ${notOf('realtime')}; did you mean "${voice}"?`],
    ['audio.output', ['a'], ': names an object; name a field inside it, such as audio.output.format'],
    ['type', ['realtime'], ': cannot be opened: a preset mints one type of session'],
    ['tools.0.name', ['f'], `: ${notOf('realtime')}`],
    ['prompt.variables.city', ['f'], `: ${notOf('realtime')}; did you mean "prompt.variables"?`],
    [speed, [1, 2, 'fast'], `[1]: ${unaccepted}`, `[2]: ${unaccepted}`],
    [voice, [{ id: 'v' }], '[0]: is an object; open the fields inside it by their own paths'],
    ['model', [], ': must be a list of at least 1 item'],
    [speed, { min: 0.1, max: 2 }, `.min: ${unaccepted}`, `.max: ${unaccepted}`],
    [speed, { min: 1.2, max: 0.8 }, ': must be an object whose min is not above max'],
    ['model', { min: 1 }, `.min: ${unaccepted}`],
    [speed, { max_length: 5 }, '.max_length: is not for this field: it accepts no free text'],
    ['model', {}, `: ${kinds}`],
    ['model', { min: 1, max_length: 5 }, `: ${kinds}`],
    ['model', true, ': must be a list of values, or an object with max_length'],
    ['model', '*', ': must be a list of values, or an object with max_length'],
    [voice, '*', `: ${voiceRule}`],
    [voice, true, `: ${voiceRule}`],
    [voice, null, `: ${voiceRule}`],
    [speed, 1, ': must be an object with min and max, or a list of values'],
    ['reasoning.effort', 'low', ': must be a list of values, such as [minimal, low]'],
    ['truncation.type', 'x', ': must be a list of values, such as [retention_ratio]'],
    ['output_modalities', 'text', ': must be a list of values'],
    ['parallel_tool_calls', false, ': must be true, which opens both values, or a list of values'],
    ['voice', ['ash'], `: ${notOf('realtime')}; did you mean "${voice}"?`],
    ['voice', '*', `: ${notOf('realtime')}; did you mean "${voice}"?`],
    ['temperature', ['ash'], `: ${notOf('realtime')}`],
  ])('says %s: %j', (path, rule, ...faults) => {
    const entry = { session: realtime, overrides: { [path]: rule } }
    expect(faultsOf(entry)).toEqual(faults.map((fault) => `overrides.${path}${fault}`))
  })

  it('is for another type of session', () => {
    const entry = { session: { type: 'transcription' }, overrides: { 'audio.output.voice': ['a'] } }
    expect(faultsOf(entry)).toEqual([`overrides.audio.output.voice: ${notOf('transcription')}`])
    expect(faultsOf({ ...entry, overrides: { voice: ['a'] } })).toEqual([
      `overrides.voice: ${notOf('transcription')}`,
    ])
  })

  it('has no valid kind, and the session has no valid type', () => {
    const entry = { session: { type: 'video' }, overrides: { [voice]: '*' } }
    expect(faultsOf(entry)).toContain(`overrides.${voice}: must be true, a list or an object`)
  })

  it('names what the flat endpoint does not have', () => {
    const overrides = {
      'reasoning.effort': ['low'],
      'audio.input.noise_reduction.strength': { min: 0 },
      'audio.output.voice': ['ash'],
      'audio.input.turn_detection.threshold': { max: 0.9 },
      'audio.input.format.type': ['audio/pcmu'],
    }
    expect(faultsOf({ session: {}, overrides }, { api: 'sessions' })).toEqual([
      'overrides.reasoning.effort: is not a field of the flat endpoint',
      'overrides.audio.input.noise_reduction.strength: is not a field of the flat endpoint',
    ])
  })
})

const undeclared = 'session.instructions: has the placeholder {{guest}}, which variables do not declare'
const noName = 'session.instructions: has a placeholder, which variables do not declare'
const bounds = 'variables.guest: must be an object with either enum or max_length'
const badDefault = 'variables.guest.default: is not a value that this variable accepts'

describe('variables are invalid that', () => {
  it.each<[what: string, variables: object, ...faults: string[]]>([
    ['are not declared', {}, undeclared],
    ['are misspelt', { gest: { max_length: 9 } }, `${undeclared}; did you mean {{gest}}?`],
    ['have no bound', { guest: {} }, bounds],
    ['have two bounds', { guest: { max_length: 5, enum: ['a'] } }, bounds],
    [
      'have an unknown bound',
      { guest: { max_lenght: 5, enum: ['a'] } },
      `variables.guest.max_lenght: ${meant('max_length')}`,
    ],
    ['have a default that is too long', { guest: { max_length: 2, default: 'Ada' } }, badDefault],
    ['have a default outside their values', { guest: { enum: ['Ada'], default: 'Bob' } }, badDefault],
    [
      'have invisible values',
      { guest: { enum: ['Ada', 'A\u200Bda'] } },
      'variables.guest.enum[1]: has a control, bidi or zero-width character',
    ],
    [
      'start with a digit',
      { guest: { max_length: 2 }, '1st': { max_length: 2 } },
      'variables.1st: is not a name of letters, digits and _, which does not start with a digit',
    ],
  ])('%s', (_, variables, ...faults) => {
    const session = { ...realtime, instructions: 'Greet {{guest}}.' }
    expect(faultsOf({ session, variables })).toEqual(faults)
  })

  it('are not names', () => {
    const session = { ...realtime, instructions: '{{#if a}} {{}}' }
    expect(faultsOf({ session })).toEqual([noName, noName])
  })
})
