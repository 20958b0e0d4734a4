import { describe, expect, it } from 'vitest'
import { fileOf, refusalsOf, warningsOf } from './support.ts'

const large = 'gpt-realtime-2.1'
const realtime = { type: 'realtime', model: large }
const oldModel = { type: 'realtime', model: 'gpt-realtime-1.5' }

const unreasoning = `has no effect with gpt-realtime-1.5, which does not reason; use ${large} or leave it out`
const absentTool = 'tool_choice: names a tool that the session does not have; add it to tools or write auto'
const connector = { type: 'mcp', server_label: 'a', connector_id: 'connector_gmail' }
const english = { audio: { input: { transcription: { language: 'english' } } } }

describe('a warning names', () => {
  it.each<[what: string, session: object, warning: string]>([
    ['a temperature', { temperature: 0.8 }, 'temperature: has no equivalent in the GA API and is left out'],
    [
      'a key of the other turn detection',
      { turn_detection: { type: 'semantic_vad', threshold: 0.5 } },
      'turn_detection.threshold: has no effect with semantic_vad and is left out',
    ],
    [
      'braces without an end',
      { ...realtime, instructions: 'a {{ b' },
      'instructions: has {{ without a name and }}; write {{{{ for two braces, or {{name}} for a variable',
    ],
    [
      'a shell’s placeholder',
      { ...realtime, instructions: 'Hi ${name}' },
      'instructions: contains ${…}, which is sent as it is; write {{name}} and declare the variable',
    ],
    [
      'the name of a language',
      { ...realtime, ...english },
      'audio.input.transcription.language: is not the code of a language; write one such as en',
    ],
    ['useless reasoning', { ...oldModel, reasoning: { effort: 'low' } }, `reasoning: ${unreasoning}`],
    ['useless calls', { ...oldModel, parallel_tool_calls: true }, `parallel_tool_calls: ${unreasoning}`],
    [
      'a connector',
      { ...realtime, tools: [connector] },
      'tools[0].connector_id: is deprecated: models released after 2026-09-01 do not accept connectors; use server_url',
    ],
    ['an absent function', { ...realtime, tool_choice: { type: 'function', name: 'f' } }, absentTool],
    ['an absent server', { ...realtime, tool_choice: { type: 'mcp', server_label: 'f' } }, absentTool],
    [
      'a required tool without tools',
      { ...realtime, tool_choice: 'required' },
      'tool_choice: has no effect: the session has no tools',
    ],
  ])('%s', (_, session, warning) => {
    expect(warningsOf({ session })).toEqual([`session.${warning}`])
  })

  it('a variable that the instructions do not use, and names in a rule', () => {
    const overrides = { model: [large, 'gpt-realtime'], 'audio.output.voice': ['marinn'] }
    expect(warningsOf({ session: realtime, variables: { guest: { max_length: 5 } }, overrides })).toEqual([
      'variables.guest: is not used in the instructions; write {{guest}} there',
      `overrides.model[1]: OpenAI shuts down gpt-realtime on 2027-01-20; use ${large}`,
      'overrides.audio.output.voice[0]: is not a known voice; did you mean marin?',
    ])
  })

  it('no reasoning of a model that reasons or that is not named', () => {
    expect(warningsOf({ session: { ...realtime, reasoning: {} } })).toEqual([])
    expect(warningsOf({ session: { type: 'realtime', reasoning: {} } })).toEqual([])
  })

  it('claims without AUTH_MODE=jwt', () => {
    const entry = { session: { type: 'realtime' }, access: { claims: { plan: ['pro'] } } }
    expect(warningsOf(entry, { authMode: 'jwt' })).toEqual([])
    expect(warningsOf(entry, { authMode: 'none' })).toEqual([
      'access.claims: has no effect without AUTH_MODE=jwt: no caller gets this preset',
    ])
  })

  it('its own field when another field has a problem', () => {
    const { problems, warnings } = refusalsOf(
      fileOf({
        session: { ...realtime, audio: { output: { voice: 'marinn' } }, temperature: 1 },
        variables: { guest: { max_length: 5 } },
      }),
    )
    expect(problems).toEqual([expect.stringContaining(' presets.only.session.temperature: ')])
    expect(warnings).toEqual([
      expect.stringContaining(' presets.only.session.audio.output.voice: '),
      expect.stringContaining(' presets.only.variables.guest: '),
    ])
  })
})
