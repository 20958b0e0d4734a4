/** A preset's session, in either shape, checked in full and said in GA terms. */

import type { Finding } from './findings.ts'
import { findingsOf, movedToFlat, movedToGa } from './findings.ts'
import { askedExpiries, type FlatSession, flatEntry, toFlatField } from './flat-schema.ts'
import { gaSession, gaSessions, isSessionType, type SessionType } from './ga-schema.ts'
import { type Fields, isObject, type Path, toPath, valueAt } from './json.ts'
import { modelWarning, voiceWarning } from './models.ts'
import { toGaSession } from './translation.ts'
import { parseTemplate, type Template } from './variables.ts'

/** Which minting endpoint the upstream serves. */
export type Api = 'client_secrets' | 'sessions'

export interface SessionContent {
  readonly type: SessionType
  /** In GA terms. */
  readonly session: Fields
  /** Where it is to be sent as written. */
  readonly flatSession: FlatSession | null
  /** Flat leaves without a GA equivalent, by dotted flat path. */
  readonly dropped: ReadonlyMap<string, unknown>
}

export interface CheckedSession {
  /** Undefined when there are problems. */
  readonly content: SessionContent | undefined
  /** Known even of a session with problems, so that the rest of the entry can be checked against it. */
  readonly type: SessionType | undefined
  readonly instructions: Template | null
  /** What a flat session's `client_secret` asks for. */
  readonly expiresAfterSeconds: number | undefined
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** A session with `type` is GA, one without is flat. Findings have paths that start at the session. */
export function checkSession(input: unknown, api: Api): CheckedSession {
  const text = valueAt(input, ['instructions'])
  const checked =
    isObject(input) && Object.hasOwn(input, 'type') ? checkGa(input, api) : checkFlat(input, api)
  return {
    ...checked,
    instructions: typeof text === 'string' ? parseTemplate(text) : null,
    warnings: [...checked.warnings, ...agingWarnings(input, api)],
  }
}

type Checked = Omit<CheckedSession, 'instructions'>

function checkGa(input: Fields, api: Api): Checked {
  const type = isSessionType(input['type']) ? input['type'] : undefined
  const problems = findingsOf(type === undefined ? gaSession : gaSessions[type], input, movedToGa)
  if (api === 'sessions') {
    problems.push({
      path: ['type'],
      message:
        'makes this a GA session, which OPENAI_REALTIME_API=sessions cannot send; write it in the flat shape',
    })
  }
  const content: SessionContent | undefined =
    type === undefined || problems.length > 0
      ? undefined
      : { type, session: input, flatSession: null, dropped: new Map() }
  return { content, type, expiresAfterSeconds: undefined, problems, warnings: [] }
}

/** A field with a fault hides nothing of the others, but for the tools, without which nobody can judge their choice. */
function withoutFaulty(input: unknown, faults: readonly Finding[]): unknown {
  const faulty = new Set(faults.map(({ path }) => path[0]))
  if (faulty.has('tools')) faulty.add('tool_choice')
  return isObject(input)
    ? Object.fromEntries(Object.entries(input).filter(([field]) => !faulty.has(field)))
    : input
}

function checkFlat(input: unknown, api: Api): Checked {
  const faults = findingsOf(flatEntry, input, movedToFlat)
  const { data } = flatEntry.safeParse(withoutFaulty(input, faults))
  if (data === undefined) {
    return {
      content: undefined,
      type: 'realtime',
      expiresAfterSeconds: undefined,
      problems: faults,
      warnings: [],
    }
  }
  const { client_secret: secret, ...flat } = data
  const expiries = askedExpiries(secret)
  const { session, dropped, unknownTool } = toGaSession(flat)
  const problems = [
    ...faults,
    ...expiryProblems(expiries),
    ...findingsOf(gaSessions.realtime, session).map(toFlatFinding),
  ]
  if (unknownTool) {
    const message = "takes auto, none, required or the name of one of the session's own functions"
    problems.push({ path: ['tool_choice'], message })
  }
  const content: SessionContent = {
    type: 'realtime',
    session,
    flatSession: api === 'sessions' ? flat : null,
    dropped: new Map(dropped.map(({ path, value }) => [path, value])),
  }
  return {
    content: problems.length > 0 ? undefined : content,
    type: 'realtime',
    expiresAfterSeconds: expiries[0],
    problems,
    warnings:
      api === 'sessions'
        ? []
        : dropped.map(({ path, why }) => ({ path: toPath(path), atKey: true, message: why })),
  }
}

/** What only shows in the translation is reported where the operator wrote it. */
function toFlatFinding(finding: Finding): Finding {
  const home = toFlatField(finding.path.join('.'))
  return home === undefined ? finding : { ...finding, path: [home.field, ...toPath(home.inside)] }
}

function expiryProblems(expiries: readonly number[]): readonly Finding[] {
  if (new Set(expiries).size < 2) return []
  return [
    {
      path: ['client_secret'],
      message: 'gives expires_after and its older name expires_at, and they differ',
    },
  ]
}

const modelPaths: readonly Path[] = [
  ['model'],
  ['audio', 'input', 'transcription', 'model'],
  ['input_audio_transcription', 'model'],
]

/** What works today, or seems to, and has an end in sight. */
function agingWarnings(input: unknown, api: Api): readonly Finding[] {
  // Servers of the flat endpoint have voices of their own.
  const voicePaths: readonly Path[] = api === 'sessions' ? [] : [['voice'], ['audio', 'output', 'voice']]
  const prompt = isObject(valueAt(input, ['prompt']))
    ? 'OpenAI shuts down reusable prompts on 2026-11-30; write instructions'
    : undefined
  return [
    ...modelPaths.flatMap((path) => warning(path, modelWarning(valueAt(input, path)))),
    ...voicePaths.flatMap((path) => warning(path, voiceWarning(valueAt(input, path)))),
    ...warning(['prompt'], prompt),
  ]
}

function warning(path: Path, message: string | undefined): readonly Finding[] {
  return message === undefined ? [] : [{ path, message }]
}
