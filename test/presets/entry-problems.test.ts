import { describe, expect, it } from 'vitest'
import { faultsOf, problemsOf } from './support.ts'

const realtime = { type: 'realtime' }

const unknown = 'is not a known field'
const meant = (name: string): string => `${unknown}; did you mean "${name}"?`
const inGa = (path: string): string => `${unknown}; in a GA session this is "${path}"`
const withTool = (more: object): object => ({ tools: [{ type: 'function', name: 'f', ...more }] })

describe('an unknown field of a session gets advice', () => {
  it.each<[session: object, path: string, message: string]>([
    [{ ...realtime, voice: 'marin' }, 'voice', inGa('audio.output.voice')],
    [{ ...realtime, turn_detection: null }, 'turn_detection', inGa('audio.input.turn_detection')],
    [
      { ...realtime, temperature: 1 },
      'temperature',
      `${unknown}; the GA API has no equivalent, so leave it out`,
    ],
    [
      { ...realtime, client_secret: {} },
      'client_secret',
      `${unknown}; beside session, write expires_after_seconds`,
    ],
    [{ ...realtime, instuctions: 'x' }, 'instuctions', meant('instructions')],
    [{ ...realtime, audio: { inptu: {} } }, 'audio.inptu', meant('input')],
    [
      { ...realtime, audio: { input: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } } },
      'audio.input.turn_detection.threshold',
      `${unknown}; it goes with another type`,
    ],
    [{ type: 'transcription', model: 'x' }, 'model', unknown],
    [{ type: 'transcription', voice: 'ash' }, 'voice', unknown],
    [{ ...realtime, quite: 'new' }, 'quite', unknown],
    [{ ...realtime, constructor: 1 }, 'constructor', unknown],
    [{ ...realtime, ...withTool({ descripton: 'x' }) }, 'tools[0].descripton', meant('description')],
    [
      { ...realtime, ...withTool({ function: {} }) },
      'tools[0].function',
      `${unknown}; write its name, description and parameters beside type`,
    ],
    [
      { max_output_tokens: 5 },
      'max_output_tokens',
      `${unknown}; in a flat session this is "max_response_output_tokens"`,
    ],
    [{ audio: {} }, 'audio', `${unknown}; a session with GA fields needs a type, such as "type: realtime"`],
    [{ vocie: 'ash' }, 'vocie', meant('voice')],
    [{ turn_detection: { treshold: 1 } }, 'turn_detection.treshold', meant('threshold')],
  ])('%j', (session, path, message) => {
    expect(faultsOf({ session })).toEqual([`session.${path}: ${message}`])
  })
})

const wrongTool =
  "session.tool_choice: takes auto, none, required or the name of one of the session's own functions"
const asksFor = (secret: object): object => ({ client_secret: secret })

describe('an entry is invalid with', () => {
  it.each<[entry: object, ...faults: string[]]>([
    [{}, 'session: is missing; it takes an object'],
    [{ session: null }, 'session: takes an object'],
    [{ session: realtime, sesion: 1 }, `sesion: ${meant('session')}`],
    [{ session: realtime, description: 5 }, 'description: takes text; put it in quotes'],
    [
      { session: realtime, expires_after: { seconds: 60 } },
      `expires_after: ${meant('expires_after_seconds')}`,
    ],
    [{ session: realtime, expires_after_seconds: 9 }, 'expires_after_seconds: takes a number of at least 10'],
    [
      { session: realtime, expires_after_seconds: 7201 },
      'expires_after_seconds: takes a number of at most 7200',
    ],
    [{ session: realtime, expires_after_seconds: 60.5 }, 'expires_after_seconds: takes a whole number'],
    [
      { session: asksFor({ expires_after: { seconds: 30 } }), expires_after_seconds: 60 },
      "expires_after_seconds: differs from the session's client_secret.expires_after.seconds",
    ],
    [
      { session: asksFor({ expires_after: { seconds: 30 }, expires_at: { seconds: 60 } }) },
      'session.client_secret: gives expires_after and its older name expires_at, and they differ; leave one out',
    ],
    [{ session: { tool_choice: 'look_up' } }, wrongTool],
    [{ session: { quite: 'new', tool_choice: 'look_up' } }, `session.quite: ${unknown}`, wrongTool],
    [
      { session: { ...withTool({ name: 5 }), tool_choice: 'look_up' } },
      'session.tools[0].name: takes text; put it in quotes',
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
    expect(problemsOf('presets: { a: 5 }').map(({ text }) => text)).toEqual([
      'presets.yaml:1:15 presets.a: takes an object',
    ])
  })
})

const asLimits = 'takes limits such as 5/minute or 10/minute,200/day'
const noOrigin = 'is not an origin; write one such as https://app.example.com'

describe('limits and access are invalid with', () => {
  it.each<[part: object, ...faults: string[]]>([
    [{ limits: { total: '0/day' } }, `limits.total: ${asLimits}`],
    [{ limits: { total: '5/week' } }, `limits.total: ${asLimits}`],
    [{ limits: { per_caller: 5 } }, 'limits.per_caller: takes text; write it like 5/minute'],
    [{ limits: { per_calller: '5/day' } }, `limits.per_calller: ${meant('per_caller')}`],
    [{ access: { origins: [] } }, 'access.origins: takes a list of at least 1 item'],
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
    [{ access: { claims: { plan: 'pro' } } }, 'access.claims.plan: takes a list'],
    [{ access: { claims: { plan: [] } } }, 'access.claims.plan: takes a list of at least 1 item'],
    [
      { access: { claims: { plan: [null] } } },
      'access.claims.plan[0]: takes text, a number or true or false',
    ],
  ])('%j', (part, ...faults) => {
    expect(faultsOf({ session: realtime, ...part })).toEqual(faults)
  })
})

const notOf = (type: string): string => `is not a field of a ${type} session`
const unaccepted = 'is not a value that this field accepts'
const kinds = 'takes an object with min and max, or with max_length'
const speed = 'audio.output.speed'

describe('a rule is invalid that', () => {
  it.each<[what: string, rules: object, ...faults: string[]]>([
    [
      'misspells its path',
      { 'audio.ouput.voice': ['a'] },
      `audio.ouput.voice: ${notOf('realtime')}; did you mean "audio.output.voice"?`,
    ],
    [
      'names an object',
      { 'audio.output': ['a'] },
      'audio.output: names an object; name a field inside it, such as audio.output.format',
    ],
    ['opens the type', { type: ['realtime'] }, 'type: cannot be opened: a preset mints one type of session'],
    ['names an item of a list', { 'tools.0.name': ['f'] }, `tools.0.name: ${notOf('realtime')}`],
    [
      'names a free key',
      { 'prompt.variables.city': ['f'] },
      `prompt.variables.city: ${notOf('realtime')}; did you mean "prompt.variables"?`,
    ],
    [
      'lists what the field does not take',
      { [speed]: [1, 2, 'fast'] },
      `${speed}[1]: ${unaccepted}`,
      `${speed}[2]: ${unaccepted}`,
    ],
    [
      'lists objects',
      { 'audio.output.voice': [{ id: 'voice_1' }] },
      'audio.output.voice[0]: is an object; open the fields inside it by their own paths',
    ],
    ['lists nothing', { model: [] }, 'model: takes a list of at least 1 item'],
    [
      'exceeds the range',
      { [speed]: { min: 0.1, max: 2 } },
      `${speed}.min: ${unaccepted}`,
      `${speed}.max: ${unaccepted}`,
    ],
    ['is upside down', { [speed]: { min: 1.2, max: 0.8 } }, `${speed}: takes a min that is not above max`],
    ['is a range of text', { model: { min: 1 } }, `model.min: ${unaccepted}`],
    [
      'is a length of a number',
      { [speed]: { max_length: 5 } },
      `${speed}.max_length: does not go with this field: it takes no free text`,
    ],
    ['is empty', { model: {} }, `model: ${kinds}`],
    ['mixes kinds', { model: { min: 1, max_length: 5 } }, `model: ${kinds}`],
    ['is true for text', { model: true }, 'model: is not a true-or-false field; list its values'],
    ['is false', { parallel_tool_calls: false }, 'parallel_tool_calls: takes true, a list or an object'],
  ])('%s', (_, overrides, ...faults) => {
    expect(faultsOf({ session: realtime, overrides })).toEqual(faults.map((fault) => `overrides.${fault}`))
  })

  it('is for another type of session', () => {
    const entry = { session: { type: 'transcription' }, overrides: { 'audio.output.voice': ['a'] } }
    expect(faultsOf(entry)).toEqual([`overrides.audio.output.voice: ${notOf('transcription')}`])
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

const greet = 'Greet {{guest}}.'
const undeclared = (what: string): string =>
  `session.instructions: has ${what}, which variables do not declare`
const bounds = 'takes an object with either enum or max_length'
const badDefault = 'variables.guest.default: is not a value that this variable accepts'

describe('variables are invalid that', () => {
  it.each<[what: string, instructions: string, variables: object, ...faults: string[]]>([
    ['are not declared', greet, {}, undeclared('the placeholder {{guest}}')],
    [
      'are misspelt',
      greet,
      { gest: { max_length: 9 } },
      `${undeclared('the placeholder {{guest}}')}; did you mean {{gest}}?`,
    ],
    ['are not names', '{{#if a}} {{}}', {}, undeclared('a placeholder'), undeclared('a placeholder')],
    ['have no bound', greet, { guest: {} }, `variables.guest: ${bounds}`],
    ['have two bounds', greet, { guest: { max_length: 5, enum: ['a'] } }, `variables.guest: ${bounds}`],
    [
      'have an unknown bound',
      greet,
      { guest: { max_lenght: 5, enum: ['a'] } },
      `variables.guest.max_lenght: ${meant('max_length')}`,
    ],
    ['have a default that is too long', greet, { guest: { max_length: 2, default: 'Ada' } }, badDefault],
    ['have a default outside their values', greet, { guest: { enum: ['Ada'], default: 'Bob' } }, badDefault],
    [
      'have invisible values',
      greet,
      { guest: { enum: ['Ada', 'A\u200Bda'] } },
      'variables.guest.enum[1]: has a control, bidi or zero-width character',
    ],
    [
      'start with a digit',
      '',
      { '1st': { max_length: 2 } },
      'variables.1st: is not a name of letters, digits and _, which does not start with a digit',
    ],
  ])('%s', (_, instructions, variables, ...faults) => {
    expect(faultsOf({ session: { ...realtime, instructions }, variables })).toEqual(faults)
  })
})
