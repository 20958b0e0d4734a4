/** What this release knows of models and voices that are on their way out. */

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

/** A warning about a model with a shutdown date; undefined for any other. */
export function modelWarning(model: unknown): string | undefined {
  if (typeof model !== 'string') return undefined
  const shutdown = shutdowns.get(model)
  if (shutdown === undefined) return undefined
  return `OpenAI's shutdown date for ${model} is ${shutdown.date}; use ${shutdown.replacement}`
}

/** The flat API had these; the GA endpoint's list does not. */
const flatOnlyVoices: ReadonlySet<unknown> = new Set(['fable', 'onyx', 'nova'])

/** A warning about a voice that GA sessions do not have; undefined for any other. */
export function voiceWarning(voice: unknown): string | undefined {
  return flatOnlyVoices.has(voice) ? `${String(voice)} is not offered by the GA endpoint` : undefined
}

/** Transcription models that refuse a `prompt`, and with it the whole session. */
const promptless: ReadonlySet<unknown> = new Set(['gpt-realtime-whisper', 'gpt-4o-transcribe-diarize'])

export function takesPrompt(transcriptionModel: unknown): boolean {
  return !promptless.has(transcriptionModel)
}

/** The one model that finds the turns itself has to be asked without turn detection. */
export function takesTurnDetection(transcriptionModel: unknown): boolean {
  return transcriptionModel !== 'gpt-realtime-whisper'
}
