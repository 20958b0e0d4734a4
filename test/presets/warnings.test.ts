import { describe, expect, it } from 'vitest'
import { catalogOf, fileOf, refusalsOf, warningsOf } from './support.ts'

const realtime = { type: 'realtime', model: 'gpt-realtime-2.1' }
const oldModel = { type: 'realtime', model: 'gpt-realtime-1.5' }
const large = 'gpt-realtime-2.1'
const shutDown = `OpenAI shuts down gpt-realtime on 2027-01-20; use ${large}`

const unreasoning =
  'has no effect with gpt-realtime-1.5, which does not reason; use gpt-realtime-2.1 or leave it out'
const absentTool =
  'session.tool_choice: names a tool that the session does not have; add it to tools or write auto'
const connector = { type: 'mcp', server_label: 'a', connector_id: 'connector_gmail' }

describe('a warning names', () => {
  it.each<[what: string, entry: object, ...warnings: string[]]>([
    [
      'a temperature',
      { session: { temperature: 0.8 } },
      'session.temperature: has no equivalent in the GA API and is left out',
    ],
    [
      'a key of the other turn detection',
      { session: { turn_detection: { type: 'semantic_vad', threshold: 0.5 } } },
      'session.turn_detection.threshold: has no effect with semantic_vad and is left out',
    ],
    [
      'a variable that the instructions do not use',
      { session: { type: 'transcription' }, variables: { guest: { max_length: 5 } } },
      'variables.guest: is not used in the instructions; write {{guest}} there',
    ],
    [
      'braces without an end',
      { session: { ...realtime, instructions: 'a {{ b' } },
      'session.instructions: has {{ without a name and }}; write {{{{ for two braces, or {{name}} for a variable',
    ],
    [
      'a shell’s placeholder',
      { session: { ...realtime, instructions: 'Hi ${name}' } },
      'session.instructions: contains ${…}, which is sent as it is; write {{name}} and declare the variable',
    ],
    [
      'the name of a language',
      { session: { ...realtime, audio: { input: { transcription: { language: 'english' } } } } },
      'session.audio.input.transcription.language: is not the code of a language; write one such as en',
    ],
    [
      'names in a rule',
      { session: realtime, overrides: { model: [large, 'gpt-realtime'], 'audio.output.voice': ['marinn'] } },
      `overrides.model[1]: ${shutDown}`,
      'overrides.audio.output.voice[0]: is not a known voice; did you mean marin?',
    ],
    [
      'reasoning of a model that does not reason',
      { session: { ...oldModel, reasoning: { effort: 'low' } } },
      `session.reasoning: ${unreasoning}`,
    ],
    [
      'parallel calls of a model that does not reason',
      { session: { ...oldModel, parallel_tool_calls: true } },
      `session.parallel_tool_calls: ${unreasoning}`,
    ],
    [
      'a connector',
      { session: { ...realtime, tools: [connector] } },
      'session.tools[0].connector_id: is deprecated: models released after 2026-09-01 do not take connectors; use server_url',
    ],
    [
      'the choice of an absent function',
      { session: { ...realtime, tool_choice: { type: 'function', name: 'f' } } },
      absentTool,
    ],
    [
      'the choice of an absent server',
      { session: { ...realtime, tool_choice: { type: 'mcp', server_label: 'f' } } },
      absentTool,
    ],
    [
      'a required tool without tools',
      { session: { ...realtime, tool_choice: 'required' } },
      'session.tool_choice: has no effect: the session has no tools',
    ],
  ])('%s', (_, entry, ...warnings) => {
    expect(warningsOf(entry)).toEqual(warnings)
  })

  it('claims without AUTH_MODE=jwt', () => {
    const entry = { session: { type: 'realtime' }, access: { claims: { plan: ['pro'] } } }
    expect(warningsOf(entry, { authMode: 'jwt' })).toEqual([])
    expect(warningsOf(entry, { authMode: 'none' })).toEqual([
      'access.claims: has no effect without AUTH_MODE=jwt: no caller gets this preset',
    ])
  })

  it('its place in the file', () => {
    const { warnings } = catalogOf('presets:\n  a:\n    session:\n      temperature: 0.8\n')
    expect(warnings.map(({ text }) => text)).toEqual([
      'presets.yaml:4:7 presets.a.session.temperature: has no equivalent in the GA API and is left out',
    ])
  })

  it('its own field when another field has a problem', () => {
    const { problems, warnings } = refusalsOf(
      fileOf({
        session: { ...realtime, audio: { output: { voice: 'marinn' } }, temperature: 1 },
        variables: { guest: { max_length: 5 } },
      }),
    )
    expect(problems.map(({ path }) => path)).toEqual(['presets.only.session.temperature'])
    expect(warnings.map(({ path }) => path)).toEqual([
      'presets.only.session.audio.output.voice',
      'presets.only.variables.guest',
    ])
  })
})
