/** Facts about OpenAI's models and voices: the kind of session that each is for, and the day of its shutdown. */

/** True for OpenAI's own hosts, the regional ones too. */
export function isOpenAiUrl(url: string): boolean {
  return /(^|\.)api\.openai\.com$/.test(URL.parse(url)?.hostname ?? '')
}

export interface Shutdown {
  readonly date: string
  readonly replacement: string
}

const inMay = { date: '2026-05-07' }
const inJanuary = { date: '2027-01-20' }
const inFebruary = { date: '2027-02-26', replacement: 'gpt-live-transcribe (or gpt-transcribe)' }
const large = { replacement: 'gpt-realtime-2.1' }
const small = { replacement: 'gpt-realtime-2.1-mini' }

/** From https://developers.openai.com/api/docs/deprecations as of November 2026; the only such table. */
export const shutdowns: ReadonlyMap<string, Shutdown> = new Map([
  ['gpt-4o-realtime-preview', { ...inMay, ...large }],
  ['gpt-4o-realtime-preview-2025-06-03', { ...inMay, ...large }],
  ['gpt-4o-realtime-preview-2024-12-17', { ...inMay, ...large }],
  ['gpt-4o-realtime-preview-2024-10-01', { date: '2025-10-10', ...large }],
  ['gpt-4o-mini-realtime-preview', { ...inMay, ...small }],
  ['gpt-4o-mini-realtime-preview-2024-12-17', { ...inMay, ...small }],
  ['gpt-realtime-mini-2025-10-06', { date: '2026-07-23', ...small }],
  ['gpt-realtime', { ...inJanuary, ...large }],
  ['gpt-realtime-2025-08-28', { ...inJanuary, ...large }],
  ['gpt-realtime-mini', { ...inJanuary, ...small }],
  ['gpt-realtime-mini-2025-12-15', { ...inJanuary, ...small }],
  ['gpt-audio-mini', { ...inJanuary, ...small }],
  ['gpt-audio-mini-2025-10-06', { ...inJanuary, ...small }],
  ['gpt-audio-mini-2025-12-15', { ...inJanuary, ...small }],
  ['whisper-1', inFebruary],
  ['gpt-4o-transcribe', inFebruary],
  ['gpt-4o-transcribe-diarize', inFebruary],
  ['gpt-4o-mini-transcribe', inFebruary],
  ['gpt-4o-mini-transcribe-2025-12-15', inFebruary],
])

export const promptShutdown: Shutdown = { date: '2026-11-30', replacement: 'instructions' }

const reasoningModels = ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2']

const singleLanguageModels = [
  'gpt-realtime-whisper',
  ...[...shutdowns.keys()].filter((name) => shutdowns.get(name) === inFebruary),
]

const transcriptionModels = ['gpt-live-transcribe', 'gpt-transcribe', ...singleLanguageModels]

/** The uses of a model in a session. */
export const modelUses = ['realtime', 'transcription', 'translation'] as const

export type ModelUse = (typeof modelUses)[number]

export const knownModels: Readonly<Record<ModelUse, readonly string[]>> = {
  realtime: [
    ...reasoningModels,
    'gpt-realtime-1.5',
    'gpt-audio-1.5',
    ...[...shutdowns.keys()].filter((name) => !transcriptionModels.includes(name)),
  ],
  transcription: transcriptionModels,
  translation: ['gpt-realtime-translate'],
}

export function isReasoningModel(model: unknown): boolean {
  return typeof model !== 'string' || !knownModels.realtime.includes(model) || reasoningModels.includes(model)
}

export const voices = 'alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar'.split(', ')
/** The flat API offered these voices. The GA endpoint does not. */
export const flatOnlyVoices: ReadonlySet<string> = new Set(['fable', 'onyx', 'nova'])

const isOneOf =
  (...names: readonly unknown[]) =>
  (model: unknown): boolean =>
    names.includes(model)

/** Upstream refuses a session with one of these transcription models and a `prompt`. */
export const refusesPrompt = isOneOf('gpt-realtime-whisper', 'gpt-4o-transcribe-diarize')

/** Only in transcription sessions: these models detect turns themselves. */
export const refusesTurnDetection = isOneOf('gpt-live-transcribe', 'gpt-realtime-whisper')

/** Upstream refuses `languages` and `keywords`. An unknown name may be that of a deployment. */
export const refusesVocabulary = isOneOf(...singleLanguageModels)
