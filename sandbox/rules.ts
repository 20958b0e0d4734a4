/** Rules of OpenAI's server between fields, which no type can state. The first broken rule decides. */
import { type Fields, toFields } from './json.ts'
import { invalid, type Refusal } from './refusal.ts'

const toList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** In a transcription session, these models have no turn detection. In a realtime session, they do. */
const withoutTurnDetection: ReadonlySet<unknown> = new Set(['gpt-live-transcribe', 'gpt-realtime-whisper'])
const withoutPrompt: ReadonlySet<unknown> = new Set(['gpt-realtime-whisper', 'gpt-4o-transcribe-diarize'])
const withLanguages: ReadonlySet<unknown> = new Set(['gpt-transcribe', 'gpt-live-transcribe'])

function checkTranscription(transcription: Fields, path: string): Refusal | undefined {
  const { model, prompt, languages, keywords } = transcription
  if (prompt !== undefined && withoutPrompt.has(model)) {
    return invalid(`${path}.prompt`, 'This transcription model does not accept a prompt.')
  }
  for (const [name, value] of Object.entries({ languages, keywords })) {
    if (value === undefined || model === undefined || withLanguages.has(model)) continue
    return invalid(`${path}.${name}`, `This transcription model does not accept ${name}.`)
  }
  const index = toList(keywords).findIndex((keyword) => /[<>\r\n]/.test(String(keyword)))
  return index === -1
    ? undefined
    : invalid(`${path}.keywords[${index}]`, 'A keyword has a forbidden character.')
}

function checkInput(session: Fields): Refusal | undefined {
  const path = 'session.audio.input'
  const input = toFields(toFields(session['audio'])['input'])
  const transcription = toFields(input['transcription'])
  if (
    session['type'] === 'transcription' &&
    withoutTurnDetection.has(transcription['model']) &&
    toFields(input['turn_detection'])['type'] !== undefined
  ) {
    return invalid(`${path}.turn_detection`, 'Turn detection is not supported for this transcription model.')
  }
  return checkTranscription(transcription, `${path}.transcription`)
}

const addresses = ['server_url', 'connector_id', 'tunnel_id'] as const

function checkTools(session: Fields): Refusal | undefined {
  for (const [index, value] of toList(session['tools']).entries()) {
    const tool = toFields(value)
    if (tool['type'] !== 'mcp') continue
    const given = addresses.filter((address) => tool[address] !== undefined)
    if (given.length === 1) continue
    const code = given.length === 0 ? 'missing_required_parameter' : 'mutually_exclusive_parameters'
    const message = `Give an MCP tool exactly one of: ${addresses.join(', ')}.`
    return invalid(`session.tools[${index}].${given[1] ?? 'server_url'}`, message, code)
  }
  return undefined
}

const toText = (modalities: readonly unknown[]): string =>
  `[${modalities.map((modality) => `'${String(modality)}'`).join(', ')}]`

const toKey = (modalities: readonly unknown[]): string => modalities.map(String).toSorted().join(',')

function checkModalities(
  value: unknown,
  param: string,
  supported: readonly (readonly string[])[],
): Refusal | undefined {
  const modalities = toList(value)
  if (value === undefined || supported.some((one) => toKey(one) === toKey(modalities))) return undefined
  const message = `Invalid modalities: ${toText(modalities)}. Supported combinations are: ${supported.map(toText).join(' and ')}.`
  return invalid(param, message)
}

/** Rules for a request that has the right form. */
export function checkRealtime(body: unknown): Refusal | undefined {
  const session = toFields(toFields(body)['session'])
  const modalities = session['output_modalities']
  return (
    checkInput(session) ??
    checkTools(session) ??
    checkModalities(modalities, 'session.output_modalities', [['text'], ['audio']])
  )
}

const toolModes: ReadonlySet<unknown> = new Set(['auto', 'none', 'required'])

/** Rules for a request that has the right form. */
export function checkFlat(body: unknown): Refusal | undefined {
  const { modalities, tools, tool_choice: choice, client_secret: clientSecret } = toFields(body)
  const { expires_after: after, expires_at: at } = toFields(clientSecret)
  if (after !== undefined && at !== undefined) {
    const message = "Give 'expires_after' or 'expires_at', not both."
    return invalid('client_secret.expires_at', message, 'mutually_exclusive_parameters')
  }
  const isKnown = toolModes.has(choice) || toList(tools).some((tool) => toFields(tool)['name'] === choice)
  if (choice !== undefined && !isKnown) {
    return invalid('tool_choice', `Tool choice ${JSON.stringify(choice)} not found in 'tools'.`)
  }
  return checkModalities(modalities, 'modalities', [['text'], ['audio'], ['audio', 'text']])
}
