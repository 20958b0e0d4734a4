/** Rules that OpenAI's server applies although no type states them. */
import { describe, expect, test } from 'vitest'
import { faultsOf, orderFlat, orderGa, presetOf, refusalOf, sent } from './support.ts'

const realtime = { type: 'realtime', model: 'gpt-realtime-2.1' }

function transcribing(transcription: object, input: object = {}): object {
  return { type: 'transcription', audio: { input: { transcription, ...input } } }
}

const turnless = ['gpt-live-transcribe', 'gpt-realtime-whisper']
const turnDetections = [{ type: 'server_vad' }, { type: 'semantic_vad', eagerness: 'low' }]
const onlyNull =
  'session.audio.input.turn_detection: takes only null with this transcription model: the page commits its audio with input_audio_buffer.commit'

describe.each(turnless)('turn detection with %s', (model) => {
  test.each(turnDetections)('is refused in a transcription session: %j', (turnDetection) => {
    expect(faultsOf({ session: transcribing({ model }, { turn_detection: turnDetection }) })).toEqual([
      onlyNull,
    ])
  })

  test.each(turnDetections)('passes in a realtime session: %j', (turnDetection) => {
    const audio = { input: { transcription: { model }, turn_detection: turnDetection } }
    expect(faultsOf({ session: { ...realtime, audio } })).toEqual([])
    const flat = { input_audio_transcription: { model }, turn_detection: turnDetection }
    expect(faultsOf({ session: flat })).toEqual([])
  })

  test('may be null or left out', () => {
    expect(faultsOf({ session: transcribing({ model }, { turn_detection: null }) })).toEqual([])
    expect(faultsOf({ session: transcribing({ model }) })).toEqual([])
  })

  test('cannot be opened by a rule', () => {
    const overrides = { 'audio.input.turn_detection.type': ['server_vad'] }
    expect(faultsOf({ session: transcribing({ model }), overrides })).toEqual([
      `overrides.audio.input.turn_detection.type: has no use: ${model} takes no turn detection`,
    ])
  })

  test('is refused as an override, too', () => {
    const preset = presetOf({
      session: transcribing({ model: 'gpt-transcribe' }, { turn_detection: { type: 'server_vad' } }),
      overrides: { 'audio.input.transcription.model': ['gpt-transcribe', model] },
    })
    const session = { audio: { input: { transcription: { model } } } }
    expect(refusalOf(() => orderGa(preset, { session }))).toBe(
      'override_outside_rule session.audio.input.transcription.model',
    )
  })
})

test.each(['gpt-transcribe', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'whisper-1', 'my-deployment'])(
  'turn detection with %s passes in a transcription session',
  (model) => {
    expect(
      faultsOf({ session: transcribing({ model }, { turn_detection: { type: 'server_vad' } }) }),
    ).toEqual([])
  },
)

function promptRule(length: number): object {
  return { 'audio.input.transcription.prompt': { max_length: length } }
}

describe('a transcription', () => {
  test.each<[object, readonly string[]]>([
    [{ model: 'gpt-transcribe', prompt: 'a'.repeat(1024) }, []],
    [
      { model: 'gpt-transcribe', prompt: 'a'.repeat(1025) },
      ['prompt: takes text of at most 1024 characters'],
    ],
    [{ model: 'gpt-realtime-whisper', prompt: 'a' }, ['prompt: takes no prompt with this model']],
    [{ model: 'gpt-transcribe', languages: ['en'], keywords: ['mint & co'] }, []],
    [{ model: 'gpt-live-transcribe', languages: ['en'], keywords: [] }, []],
    [{ model: 'my-deployment', languages: ['en'] }, []],
    ...['gpt-4o-mini-transcribe', 'gpt-4o-transcribe', 'whisper-1', 'gpt-realtime-whisper'].flatMap(
      (model): [object, readonly string[]][] => [
        [
          { model, languages: ['en'] },
          ['languages: takes no list of languages with this model, only one language'],
        ],
        [{ model, keywords: ['a'] }, ['keywords: takes no keywords with this model']],
      ],
    ),
    ...['<', 'a>b', 'a\rb', 'a\nb'].map((keyword): [object, readonly string[]] => [
      { model: 'gpt-transcribe', keywords: ['fine', keyword] },
      ['keywords[1]: takes text without <, > and line breaks'],
    ]),
  ])('%j', (transcription, faults) => {
    const expected = faults.map((fault) => `session.audio.input.transcription.${fault}`)
    expect(faultsOf({ session: transcribing(transcription) })).toEqual(expected)
    expect(faultsOf({ session: { ...realtime, audio: { input: { transcription } } } })).toEqual(expected)
  })

  test('has a prompt of 1,024 characters at most in a flat session and in a rule, too', () => {
    const prompt = 'a'.repeat(1025)
    expect(faultsOf({ session: { input_audio_transcription: { prompt } } })).toEqual([
      'session.input_audio_transcription.prompt: takes text of at most 1024 characters',
    ])
    expect(faultsOf({ session: realtime, overrides: promptRule(1025) })).toEqual([
      'overrides.audio.input.transcription.prompt.max_length: is more than this field takes',
    ])
    expect(faultsOf({ session: realtime, overrides: promptRule(1024) })).toEqual([])
  })
})

describe('a function name', () => {
  test.each(['look_up', 'look-up', '2fast', 'A'])('%j passes', (name) => {
    expect(faultsOf({ session: { ...realtime, tools: [{ type: 'function', name }] } })).toEqual([])
    expect(faultsOf({ session: { tools: [{ name }] } })).toEqual([])
  })

  test.each(['pos.add_item', 'look up', 'añadir', 'a/b', ''])('%j is refused', (name) => {
    const fault = 'session.tools[0].name: takes a name of letters, digits, _ and -'
    expect(faultsOf({ session: { ...realtime, tools: [{ type: 'function', name }] } })).toEqual([fault])
    expect(faultsOf({ session: { tools: [{ name }] } })).toEqual([fault])
  })
})

describe('an MCP tool is refused with', () => {
  const tool = { type: 'mcp', server_label: 'a' }
  const url = 'takes a URL such as https://mcp.example.com'
  test.each<[object, string]>([
    [{ server_url: 'not a url' }, `server_url: ${url}`],
    [{ server_url: 'mcp.example.com' }, `server_url: ${url}`],
    [{ server_url: 'ftp://mcp.example.com' }, `server_url: ${url}`],
    [
      { connector_id: 'connector_notion' },
      'connector_id: takes connector_dropbox, connector_gmail, connector_googlecalendar, connector_googledrive, connector_microsoftteams, connector_outlookcalendar, connector_outlookemail or connector_sharepoint',
    ],
    [
      { server_url: 'https://mcp.example.com', allowed_callers: [] },
      'allowed_callers: takes a list of at least 1 item',
    ],
  ])('%j', (more, fault) => {
    expect(faultsOf({ session: { ...realtime, tools: [{ ...tool, ...more }] } })).toEqual([
      `session.tools[0].${fault}`,
    ])
  })
})

describe('a word for “off” gets the advice to write null', () => {
  test.each<[object, string]>([
    [{ turn_detection: 'none' }, 'turn_detection'],
    [{ turn_detection: 'off' }, 'turn_detection'],
    [{ turn_detection: false }, 'turn_detection'],
    [{ input_audio_noise_reduction: 'none' }, 'input_audio_noise_reduction'],
    [{ input_audio_transcription: 'disabled' }, 'input_audio_transcription'],
    [{ ...realtime, audio: { input: { turn_detection: 'none' } } }, 'audio.input.turn_detection'],
    [{ ...realtime, audio: { input: { noise_reduction: 'off' } } }, 'audio.input.noise_reduction'],
    [{ ...realtime, audio: { input: { transcription: 'none' } } }, 'audio.input.transcription'],
  ])('%j', (session, path) => {
    expect(faultsOf({ session })).toEqual([`session.${path}: takes an object; write null if you mean off`])
  })
})

test('a type for “off” gets the advice to write null', () => {
  const audio = { input: { turn_detection: { type: 'none' } } }
  expect(faultsOf({ session: { ...realtime, audio } })).toEqual([
    'session.audio.input.turn_detection.type: takes server_vad or semantic_vad; write null in place of the object if you mean off',
  ])
})

describe('a flat tool_choice', () => {
  const session = {
    tools: [{ name: 'look_up' }, { name: 'order' }],
    tool_choice: { type: 'function', name: 'look_up' },
  }

  test('may be an object', () => {
    const preset = presetOf({ session })
    expect(sent(orderFlat(preset, {}))).toMatchObject({ session: { tool_choice: session.tool_choice } })
    expect(refusalOf(() => orderFlat(preset, { tool_choice: session.tool_choice }))).toBe('passes')
    expect(refusalOf(() => orderFlat(preset, { tool_choice: 'look_up' }))).toBe('passes')
    expect(refusalOf(() => orderFlat(preset, { tool_choice: { type: 'function', name: 'order' } }))).toBe(
      'override_not_open tool_choice.name',
    )
    expect(refusalOf(() => orderFlat(preset, { tool_choice: { type: 'function', name: 'absent' } }))).toBe(
      'field_invalid tool_choice',
    )
  })

  test('names a function of the session', () => {
    expect(faultsOf({ session: { ...session, tool_choice: { type: 'function', name: 'absent' } } })).toEqual([
      "session.tool_choice: takes auto, none, required or the name of one of the session's own functions",
    ])
  })
})

describe('four braces are two literal braces', () => {
  test.each([
    ['{{{{', '{{'],
    ['{{{{name}}', '{{name}}'],
    ['a {{{{ b {{guest}} c', 'a {{ b Ada c'],
    ['{{{{{{guest}}', '{{Ada'],
    ['{{{{{{{{', '{{{{'],
    ['{ {guest} }', '{ {guest} }'],
  ])('%s becomes %s', (instructions, text) => {
    const variables = { guest: { max_length: 9, default: 'Ada' } }
    const preset = presetOf({ session: { ...realtime, instructions }, variables })
    expect(sent(orderGa(preset, {}))).toMatchObject({ session: { instructions: text } })
  })
})
