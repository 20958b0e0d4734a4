/** Checks a preset's session in either shape, and translates it to GA terms. */

import { isObject } from '../../json.ts'
import { type Fields, toPath, valueAt } from '../json.ts'
import { askedExpiries, type FlatSession, flatEntry, toFlatField } from '../schema/flat.ts'
import { gaSession, gaSessions, isSessionType, type SessionType } from '../schema/ga.ts'
import type { Upstream } from '../schema/models.ts'
import { toGaSession } from '../schema/translation.ts'
import { hasStrayBraces, parseTemplate, type Template } from '../variables.ts'
import type { Finding } from './findings.ts'
import { findingsOf, movedToFlat, movedToGa } from './findings.ts'
import { type Findings, remarksOnSession } from './remarks.ts'

/** Which minting endpoint the upstream serves. */
export type Api = 'client_secrets' | 'sessions'

export interface SessionContent {
  readonly type: SessionType
  /** In GA terms. */
  readonly session: Fields
  /** For an upstream that takes the flat shape: sent as written. */
  readonly flatSession: FlatSession | null
  /** Flat leaves without a GA equivalent, by dotted flat path. */
  readonly dropped: ReadonlyMap<string, unknown>
}

export interface CheckedSession {
  /** Undefined when there are problems. */
  readonly content: SessionContent | undefined
  /** Known even when the session has problems, so that the rules can be checked against it. */
  readonly type: SessionType | undefined
  readonly instructions: Template | null
  /** What a flat session's `client_secret` asks for. */
  readonly expiresAfterSeconds: number | undefined
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** A session with `type` is GA, one without is flat. The paths of findings start at the session. */
export function checkSession(input: unknown, api: Api, upstream: Upstream): CheckedSession {
  const text = valueAt(input, ['instructions'])
  const isGa = isObject(input) && Object.hasOwn(input, 'type')
  const checked = isGa ? checkGa(input, api, upstream) : checkFlat(input, api, upstream)
  const isStray = typeof text === 'string' && hasStrayBraces(text)
  return {
    ...checked,
    warnings: [...checked.warnings, ...(isStray ? [{ path: ['instructions'], message: strayBraces }] : [])],
    instructions: typeof text === 'string' ? parseTemplate(text) : null,
  }
}

const strayBraces = 'has {{ without a name and }}; write {{{{ for two braces, or {{name}} for a variable'

type Checked = Omit<CheckedSession, 'instructions'>

function checkGa(input: Fields, api: Api, upstream: Upstream): Checked {
  const type = isSessionType(input['type']) ? input['type'] : undefined
  const remarks = remarksOnSession(input, type ?? 'realtime', upstream)
  const problems = [
    ...findingsOf(type === undefined ? gaSession : gaSessions[type], input, movedToGa),
    ...remarks.problems,
    ...(api === 'sessions' ? [{ path: ['type'], message: gaIsNotSent }] : []),
  ]
  const content: SessionContent | undefined =
    type === undefined || problems.length > 0
      ? undefined
      : { type, session: input, flatSession: null, dropped: new Map() }
  return { content, type, expiresAfterSeconds: undefined, problems, warnings: remarks.warnings }
}

const gaIsNotSent =
  'makes this a GA session, which OPENAI_REALTIME_API=sessions cannot send; write it in the flat shape'

function checkFlat(input: unknown, api: Api, upstream: Upstream): Checked {
  const faults = findingsOf(flatEntry, input, movedToFlat)
  const { data = {} } = flatEntry.safeParse(withoutFaulty(input, faults))
  const { client_secret: secret, ...flat } = data
  const expiries = askedExpiries(secret)
  const { session, dropped, unknownTool } = toGaSession(flat)
  const remarks = toFlatRemarks(remarksOnSession(session, 'realtime', upstream), api)
  const problems = [
    ...faults,
    ...remarks.problems,
    ...(new Set(expiries).size < 2 ? [] : [{ path: ['client_secret'], message: twoExpiries }]),
    ...findingsOf(gaSessions.realtime, session).map(toFlatFinding),
    ...(unknownTool ? [{ path: ['tool_choice'], message: wrongTool }] : []),
  ]
  const content: SessionContent = {
    type: 'realtime',
    session,
    flatSession: api === 'sessions' ? flat : null,
    dropped: new Map(dropped.map(({ path, value }) => [path, value])),
  }
  const lost = api === 'sessions' ? [] : dropped
  return {
    content: problems.length > 0 ? undefined : content,
    type: 'realtime',
    expiresAfterSeconds: expiries[0],
    problems,
    warnings: [
      ...lost.map(({ path, why }) => ({ path: toPath(path), atKey: true, message: why })),
      ...remarks.warnings,
    ],
  }
}

const twoExpiries = 'gives expires_after and its older name expires_at, and they differ; leave one out'
const wrongTool = "takes auto, none, required or the name of one of the session's own functions"

/** The fields that have no fault. Without its tools, a session says nothing about their choice. */
function withoutFaulty(input: unknown, faults: readonly Finding[]): Fields {
  const faulty = new Set(faults.map(({ path }) => path[0]))
  if (faulty.has('tools')) faulty.add('tool_choice')
  return Object.fromEntries(
    Object.entries(isObject(input) ? input : {}).filter(([field]) => !faulty.has(field)),
  )
}

/** An unknown tool is a problem of its own, and servers of the flat endpoint have voices of their own. */
function toFlatRemarks({ problems, warnings }: Findings, api: Api): Findings {
  const flat = warnings
    .map(toFlatFinding)
    .filter(({ path: [field] }) => field !== 'tool_choice' && !(field === 'voice' && api === 'sessions'))
  return { problems: problems.map(toFlatFinding), warnings: flat }
}

/** A finding in the translation, at the place where the operator wrote the field. */
function toFlatFinding(finding: Finding): Finding {
  const home = toFlatField(finding.path.join('.'))
  return home === undefined ? finding : { ...finding, path: [home.field, ...toPath(home.inside)] }
}
