/** What this release knows of OpenAI's models and voices: which session each is for, and when it is shut down. */
import { closest } from '../../suggestion.ts'

/** What decides whether a name is a problem. */
export interface Upstream {
  /** OpenAI itself, where a name means what its documentation says. Elsewhere it may be the name of a deployment. */
  readonly isOpenAi: boolean
  readonly unixNow: () => number
}

/** True for OpenAI's own hosts, the regional ones too. */
export function isOpenAiUrl(url: string): boolean {
  return /(^|\.)api\.openai\.com$/.test(URL.parse(url)?.hostname ?? '')
}

/** `isProblem`: the session cannot work. */
export interface Remark {
  readonly message: string
  readonly isProblem: boolean
}

interface Shutdown {
  readonly date: string
  readonly replacement: string
}

const inMay = { date: '2026-05-07' }
const inJanuary = { date: '2027-01-20' }
const inFebruary = { date: '2027-02-26', replacement: 'gpt-live-transcribe (or gpt-transcribe)' }
const large = { replacement: 'gpt-realtime-2.1' }
const small = { replacement: 'gpt-realtime-2.1-mini' }

/** From https://developers.openai.com/api/docs/deprecations as of November 2026; the only such table. */
const shutdowns: ReadonlyMap<string, Shutdown> = new Map([
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

const reasoningModels = ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2']

const transcriptionModels = [
  'gpt-live-transcribe',
  'gpt-transcribe',
  'gpt-realtime-whisper',
  ...[...shutdowns]
    .filter(([, { replacement }]) => replacement === inFebruary.replacement)
    .map(([name]) => name),
]

/** The use of a model in a session. */
export type ModelUse = 'realtime' | 'transcription' | 'translation'

const known: Readonly<Record<ModelUse, readonly string[]>> = {
  realtime: [
    ...reasoningModels,
    'gpt-realtime-1.5',
    'gpt-audio-1.5',
    ...[...shutdowns.keys()].filter((name) => !transcriptionModels.includes(name)),
  ],
  transcription: transcriptionModels,
  translation: ['gpt-realtime-translate'],
}

const uses: Readonly<Record<ModelUse, string>> = {
  realtime: 'is the model of a session of type realtime',
  transcription: 'is a transcription model, which goes into audio.input.transcription.model',
  translation: 'is the model of a session of type translation',
}

/** What to say about a model; undefined where there is nothing to say. */
export function remarkOnModel(model: unknown, use: ModelUse, upstream: Upstream): Remark | undefined {
  if (typeof model !== 'string' || model === '') return undefined
  // Gateways put the provider before the model.
  const name = upstream.isOpenAi ? model : model.slice(model.lastIndexOf('/') + 1)
  if (known[use].includes(name)) return remarkOnShutdown(name, shutdowns.get(name), upstream)
  const other = modelUses.find((candidate) => known[candidate].includes(name))
  const message =
    other === undefined ? unknownModel(name, use, upstream) : `${uses[other]}; here, use ${known[use][0]}`
  return { message, isProblem: false }
}

const modelUses = ['realtime', 'transcription', 'translation'] as const

function unknownModel(name: string, use: ModelUse, { isOpenAi }: Upstream): string {
  if (name.startsWith('gpt-live-') && use === 'realtime') {
    return 'is a model of the Live API, which has no client secrets; use gpt-realtime-2.1'
  }
  const near = closest(name, known[use])
  const what = `is not a known ${use} model`
  if (near !== undefined) return `${what}; did you mean ${near}?`
  return isOpenAi
    ? `${what}; use one such as ${known[use][0]}`
    : `${what}; ignore this if it is the name of a deployment`
}

/** What to say about something that OpenAI shuts down; `what` is its name. */
function remarkOnShutdown(
  what: string,
  shutdown: Shutdown | undefined,
  upstream: Upstream,
): Remark | undefined {
  if (shutdown === undefined) return undefined
  const { date, replacement } = shutdown
  const isPast = upstream.unixNow() >= Date.parse(date)
  const message = isPast ? `${what} was shut down on ${date}` : `OpenAI shuts down ${what} on ${date}`
  return { message: `${message}; use ${replacement}`, isProblem: isPast && upstream.isOpenAi }
}

export function remarkOnPrompt(upstream: Upstream): Remark | undefined {
  return remarkOnShutdown(
    'the API of reusable prompts',
    { date: '2026-11-30', replacement: 'instructions' },
    upstream,
  )
}

export function reasons(model: unknown): boolean {
  return typeof model !== 'string' || !known.realtime.includes(model) || reasoningModels.includes(model)
}

const voices = 'alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin, cedar'.split(', ')
/** The flat API had these; the GA endpoint's list does not. */
const flatOnlyVoices: ReadonlySet<string> = new Set(['fable', 'onyx', 'nova'])
const liveVoices: ReadonlySet<string> = new Set(
  'beacon bossa cinder delta gleam meridian quartz ripple shida stone tempo vesper willow'.split(' '),
)

/** What is doubtful about a voice of a GA session; undefined where nothing is. */
export function voiceWarning(voice: unknown): string | undefined {
  if (typeof voice !== 'string' || voice === '' || voices.includes(voice)) return undefined
  if (flatOnlyVoices.has(voice))
    return `${voice} is not offered by the GA endpoint; use one of ${voices.join(', ')}`
  if (liveVoices.has(voice))
    return `${voice} is a voice of the Live API only; use one of ${voices.join(', ')}`
  if (voice.startsWith('voice_')) return 'is the id of a custom voice; write { id: … } instead of the bare id'
  const near = closest(voice, voices)
  return near === undefined
    ? `is not a known voice; use one of ${voices.join(', ')}`
    : `is not a known voice; did you mean ${near}?`
}

/** Transcription models that refuse a `prompt`, and with it the whole session. */
const promptless: ReadonlySet<unknown> = new Set(['gpt-realtime-whisper', 'gpt-4o-transcribe-diarize'])

export function takesPrompt(transcriptionModel: unknown): boolean {
  return !promptless.has(transcriptionModel)
}

/** In a transcription session only: these models find the turns themselves. */
const turnless: ReadonlySet<unknown> = new Set(['gpt-live-transcribe', 'gpt-realtime-whisper'])

export function takesTurnDetection(transcriptionModel: unknown): boolean {
  return !turnless.has(transcriptionModel)
}

const vocabularyModels: ReadonlySet<string> = new Set(['gpt-live-transcribe', 'gpt-transcribe'])

/** Whether a model takes `languages` and `keywords`. An unknown name may be that of a deployment. */
export function takesVocabulary(transcriptionModel: unknown): boolean {
  if (typeof transcriptionModel !== 'string') return true
  return vocabularyModels.has(transcriptionModel) || !transcriptionModels.includes(transcriptionModel)
}
