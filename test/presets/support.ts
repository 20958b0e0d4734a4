import { ServiceError } from '../../src/errors.ts'
import { type Fields, putAt, toPath } from '../../src/presets/json.ts'
import { type Catalog, type ParseResult, parsePresets, type Refusal } from '../../src/presets/load/catalog.ts'
import type { ParseOptions } from '../../src/presets/load/remarks.ts'
import type { Preset } from '../../src/presets/preset.ts'
import { parseClientSecretsRequest, parseSessionsRequest } from '../../src/presets/request/mint-request.ts'
import { buildUpstreamRequest, type UpstreamRequest } from '../../src/presets/request/upstream-request.ts'

export const context: ParseOptions = {
  fileName: 'presets.yaml',
  allowedOrigins: new Set(['https://app.example.com', 'https://shop.example.com']),
  authMode: 'jwt',
  api: 'client_secrets',
  isOpenAi: true,
  unixNow: () => Date.parse('2026-01-01'),
}

function parse(text: string, options: Partial<ParseOptions>): ParseResult {
  const slices = parsePresets(text, { ...context, ...options })
  let step = slices.next()
  while (step.done !== true) step = slices.next()
  return step.value
}

/** The catalog of a file that must be valid. */
export function catalogOf(text: string, options: Partial<ParseOptions> = {}): Catalog {
  const parsed = parse(text, options)
  if ('refused' in parsed) throw new Error(parsed.refused.problems.join('\n'))
  return parsed.value
}

/** The problems and warnings of a file; a valid file has no problems. */
export function refusalsOf(text: string, options: Partial<ParseOptions> = {}): Refusal {
  const parsed = parse(text, options)
  return 'refused' in parsed ? parsed.refused : { problems: [], warnings: parsed.value.warnings }
}

export function problemsOf(text: string, options: Partial<ParseOptions> = {}): readonly string[] {
  return refusalsOf(text, options).problems
}

/** A file with one preset, whose entry is given as JSON. */
export function fileOf(entry: object): string {
  return JSON.stringify({ presets: { only: entry } })
}

export function presetOf(entry: object, options: Partial<ParseOptions> = {}): Preset {
  const preset = catalogOf(fileOf(entry), options).presets.get('only')
  if (preset === undefined) throw new Error('there is no preset')
  return preset
}

/** `path: message` of each, without the `presets.only.` of a file with a single entry. */
function linesOf(problems: readonly string[]): readonly string[] {
  return problems.map((line) => line.replace(/^presets\.yaml:\d+:\d+ (?:presets\.only\.?)?/, ''))
}

export function warningsOf(entry: object, options: Partial<ParseOptions> = {}): readonly string[] {
  return linesOf(catalogOf(fileOf(entry), options).warnings)
}

export function faultsOf(entry: object, options: Partial<ParseOptions> = {}): readonly string[] {
  return linesOf(problemsOf(fileOf(entry), options))
}

/** The upstream request for a body of POST /v1/realtime/client_secrets. */
export function buildGa(preset: Preset, body: Fields): UpstreamRequest {
  return buildUpstreamRequest(preset, parseClientSecretsRequest(body))
}

/** The upstream request for a body of POST /v1/realtime/sessions. */
export function buildFlat(preset: Preset, body: Fields): UpstreamRequest {
  return buildUpstreamRequest(preset, parseSessionsRequest(body))
}

/** `reason param` of the ServiceError that this throws; `passes` if it throws none. */
export function refusalOf(attempt: () => unknown): string {
  try {
    attempt()
  } catch (error) {
    if (error instanceof ServiceError) return `${error.reason} ${error.param ?? '-'}`
    throw error
  }
  return 'passes'
}

/** The body for upstream, parsed. */
export function sent(built: UpstreamRequest): unknown {
  return JSON.parse(built.body)
}

export function expiring(seconds: number): object {
  return { anchor: 'created_at', seconds }
}

/** A transcription session with this transcription, and more of its input. */
export function transcribing(transcription: object, input: object = {}): Fields {
  return { type: 'transcription', audio: { input: { transcription, ...input } } }
}

/** Fields by their dotted paths, as the object that has them. */
export function nested(fields: Fields): Fields {
  const root = {}
  for (const [path, value] of Object.entries(fields)) putAt(root, toPath(path), value)
  return root
}

/** A session as an operator may write it. */
export const plainRealtime = {
  type: 'realtime',
  model: 'gpt-realtime-2.1',
  instructions: 'Be kind.',
  output_modalities: ['audio'],
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24_000 },
      transcription: null,
      turn_detection: { type: 'server_vad', threshold: 0.5, create_response: false },
    },
    output: { voice: 'marin' },
  },
  tools: [{ type: 'function', name: 'look_up', parameters: { type: 'object', properties: {} } }],
  tool_choice: 'auto',
  tracing: { workflow_name: 'w', metadata: { a: 1, b: 2 } },
}

const mayBeNotGiven =
  /^(?:\w+|(?:turn_detection|input_audio_\w+|client_secret)\.\w+|tools\[0\]\.(?!name)\w+)$/

/** In the flat shape, null is "not given". */
export const isNotGiven = (session: unknown, param: string): boolean =>
  mayBeNotGiven.test(param) && JSON.stringify(session).includes('null')
