/** Rules that OpenAI's server applies although no type states them. */
import { describe, expect, it } from 'vitest'
import { buildFlat, buildGa, faultsOf, nested, presetOf, refusalOf, sent, transcribing } from './support.ts'

const realtime = { type: 'realtime', model: 'gpt-realtime-2.1' }
const mcp = { type: 'mcp', server_label: 'a' }
const withTool = (tool: object): object => ({ ...realtime, tools: [tool] })
const withInput = (input: object): object => ({ ...realtime, audio: { input } })

const vad = 'audio.input.turn_detection'
const serverVad = { type: 'server_vad' }
const semanticVad = { type: 'semantic_vad', eagerness: 'low' }
const onlyNull = `session.${vad}: must be null with this transcription model: the page commits its audio with input_audio_buffer.commit`

describe.each(['gpt-live-transcribe', 'gpt-realtime-whisper'])('turn detection with %s', (model) => {
  const noUse = `overrides.${vad}.type: has no use: ${model} has no turn detection`
  const overrides = { [`${vad}.type`]: ['server_vad'] }

  it.each<[outcome: string, entry: object, ...faults: string[]]>([
    ['is invalid', { session: transcribing({ model }, { turn_detection: serverVad }) }, onlyNull],
    ['is invalid', { session: transcribing({ model }, { turn_detection: semanticVad }) }, onlyNull],
    ['cannot be opened by a rule', { session: transcribing({ model }), overrides }, noUse],
    ['may be null', { session: transcribing({ model }, { turn_detection: null }) }],
    ['may be left out', { session: transcribing({ model }) }],
    ...[serverVad, semanticVad].flatMap((turnDetection): [string, object][] => [
      ['passes', { session: withInput({ transcription: { model }, turn_detection: turnDetection }) }],
      ['passes', { session: { input_audio_transcription: { model }, turn_detection: turnDetection } }],
    ]),
  ])('%s: %j', (_, entry, ...faults) => {
    expect(faultsOf(entry)).toEqual(faults)
  })

  it('is refused when a request selects this model', () => {
    const preset = presetOf({
      session: transcribing({ model: 'gpt-transcribe' }, { turn_detection: serverVad }),
      overrides: { 'audio.input.transcription.model': ['gpt-transcribe', model] },
    })
    const session = { audio: { input: { transcription: { model } } } }
    expect(refusalOf(() => buildGa(preset, { session }))).toBe(
      'override_outside_rule session.audio.input.transcription.model',
    )
  })
})

it.each(['gpt-transcribe', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe', 'whisper-1', 'my-deployment'])(
  'turn detection in a transcription session passes with %s',
  (model) => {
    expect(faultsOf({ session: transcribing({ model }, { turn_detection: serverVad }) })).toEqual([])
  },
)

const languages = 'languages: must be left out with this model; write one language in its place'
const keywords = 'keywords: must be left out with this model'
const tooLong = 'must be text of at most 1024 characters'

describe('a transcription', () => {
  it.each<[transcription: object, ...faults: string[]]>([
    [{ model: 'gpt-transcribe', prompt: 'a'.repeat(1024) }],
    [{ model: 'gpt-transcribe', prompt: 'a'.repeat(1025) }, `prompt: ${tooLong}`],
    [{ model: 'gpt-realtime-whisper', prompt: 'a' }, 'prompt: must be left out with this model'],
    [{ model: 'gpt-4o-transcribe-diarize', prompt: 'a' }, 'prompt: must be left out with this model'],
    [{ model: 'gpt-transcribe', languages: ['en'], keywords: ['mint & co'] }],
    [{ model: 'gpt-live-transcribe', languages: ['en'], keywords: [] }],
    [{ model: 'my-deployment', languages: ['en'] }],
    ...['gpt-4o-mini-transcribe', 'gpt-4o-transcribe', 'whisper-1', 'gpt-realtime-whisper'].flatMap(
      (model): [object, string][] => [
        [{ model, languages: ['en'] }, languages],
        [{ model, keywords: ['a'] }, keywords],
      ],
    ),
    ...['<', 'a>b', 'a\rb', 'a\nb'].map((keyword): [object, string] => [
      { model: 'gpt-transcribe', keywords: ['fine', keyword] },
      'keywords[1]: must be text without <, > and line breaks',
    ]),
  ])('%j', (transcription, ...faults) => {
    const expected = faults.map((fault) => `session.audio.input.transcription.${fault}`)
    expect(faultsOf({ session: transcribing(transcription) })).toEqual(expected)
    expect(faultsOf({ session: withInput({ transcription }) })).toEqual(expected)
  })

  it('has a prompt of at most 1,024 characters in a flat session and in a rule, too', () => {
    expect(faultsOf({ session: { input_audio_transcription: { prompt: 'a'.repeat(1025) } } })).toEqual([
      `session.input_audio_transcription.prompt: ${tooLong}`,
    ])
    const path = 'audio.input.transcription.prompt'
    expect(faultsOf({ session: realtime, overrides: { [path]: { max_length: 1024 } } })).toEqual([])
    expect(faultsOf({ session: realtime, overrides: { [path]: { max_length: 1025 } } })).toEqual([
      `overrides.${path}.max_length: is more than this field accepts`,
    ])
  })
})

describe('a tool is invalid with', () => {
  const connectors = 'dropbox gmail googlecalendar googledrive microsoftteams outlookcalendar outlookemail'
  const known = connectors.replace(/\w+/g, 'connector_$&').replaceAll(' ', ', ')
  it.each<[tool: object, fault: string]>([
    [{ type: 'function', name: 'pos.add_item' }, 'name: must be a name of letters, digits, _ and -'],
    [{ ...mcp, server_url: 'a' }, 'server_url: must be a URL such as https://mcp.example.com'],
    [{ ...mcp, server_url: 'ftp://a.example' }, 'server_url: must be a URL such as https://mcp.example.com'],
    [{ ...mcp, connector_id: 'x' }, `connector_id: must be ${known} or connector_sharepoint`],
  ])('%j', (tool, fault) => {
    expect(faultsOf({ session: withTool(tool) })).toEqual([`session.tools[0].${fault}`])
  })
})

const noise = 'audio.input.noise_reduction'
const off = 'must be an object; write null if you mean off'
const offInside = 'must be server_vad or semantic_vad; write null in place of the object if you mean off'
const oneFunction = 'for one function, write { type: function, name: … }'

describe('a word in place of an object gets advice', () => {
  it.each<[type: string, path: string, word: unknown, message: string]>([
    ['flat', 'turn_detection', 'none', off],
    ['flat', 'turn_detection', 'off', off],
    ['flat', 'turn_detection', false, off],
    ['flat', 'input_audio_noise_reduction', 'none', off],
    ['flat', 'input_audio_transcription', 'disabled', off],
    ['realtime', vad, 'none', off],
    ['realtime', noise, 'off', off],
    ['realtime', 'audio.input.transcription', 'none', off],
    ['realtime', `${vad}.type`, 'none', offInside],
    [
      'realtime',
      'audio.input.format',
      'pcm16',
      'must be an object; such as { type: audio/pcm, rate: 24000 }',
    ],
    ['realtime', noise, 'near_field', 'must be an object; such as { type: near_field }'],
    ['realtime', 'audio.input.transcription', 'w', 'must be an object; such as { model: gpt-transcribe }'],
    ['realtime', vad, 'server_vad', 'must be an object; such as { type: server_vad }'],
    ['realtime', 'prompt', 'pmpt_abc', 'must be an object; such as { id: pmpt_abc }'],
    ['realtime', 'tool_choice', 'f', `must be none, auto or required or an object; ${oneFunction}`],
  ])('%s, %s: %j', (type, path, word, message) => {
    const session = nested(type === 'flat' ? { [path]: word } : { type, [path]: word })
    expect(faultsOf({ session })).toEqual([`session.${path}: ${message}`])
  })
})

const choice = (name: string): object => ({ type: 'function', name })

describe('a flat tool_choice', () => {
  const session = { tools: [{ name: 'look_up' }, { name: 'order' }], tool_choice: choice('look_up') }

  it.each<[choice: string | object, outcome: string]>([
    [choice('look_up'), 'passes'],
    ['look_up', 'passes'],
    [choice('order'), 'override_not_open tool_choice.name'],
    [choice('absent'), 'field_invalid tool_choice'],
  ])('may be an object: %j: %s', (toolChoice, outcome) => {
    const preset = presetOf({ session })
    expect(sent(buildFlat(preset, {}))).toMatchObject({ session: { tool_choice: session.tool_choice } })
    expect(refusalOf(() => buildFlat(preset, { tool_choice: toolChoice }))).toBe(outcome)
  })

  it('names a function of the session', () => {
    expect(faultsOf({ session: { ...session, tool_choice: choice('absent') } })).toEqual([
      "session.tool_choice: must be auto, none, required or the name of one of the session's own functions",
    ])
  })
})
