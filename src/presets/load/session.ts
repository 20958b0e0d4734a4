/** Checks a preset's session in either shape, and translates it to GA terms. */
import { isObject } from '../../json.ts'
import { type Fields, toPath, valueAt } from '../json.ts'
import type { Preset } from '../preset.ts'
import { flatEntry, requestedExpiries, toFlatPath } from '../schema/flat.ts'
import { gaSession, gaSessions, isSessionType } from '../schema/ga.ts'
import { toGaSession } from '../schema/translation.ts'
import { hasStrayBraces, parseTemplate, type Template } from '../variables.ts'
import { type Finding, findingsOf, keyWarning, parseValid, problem, warning } from './findings.ts'
import { type ParseOptions, remarksOnSession } from './remarks.ts'

export interface CheckedSession {
  /** As far as it is valid; undefined for an unknown type. */
  readonly content: Pick<Preset, 'type' | 'session' | 'flatSession' | 'dropped'> | undefined
  /** What a flat session's `client_secret` asks for. */
  readonly expiresAfterSeconds: number | undefined
  readonly instructions: Template | undefined
  readonly findings: readonly Finding[]
}

type Checked = Omit<CheckedSession, 'instructions'>

const strayBraces = 'has {{ without a name and }}; write {{{{ for two braces, or {{name}} for a variable'

/** A session with `type` is GA, one without is flat. The paths of findings start at the session. */
export function checkSession(input: unknown, options: ParseOptions): CheckedSession {
  const isGa = isObject(input) && Object.hasOwn(input, 'type')
  const checked = isGa ? checkGa(input, options) : checkFlat(input, options)
  const text = valueAt(input, ['instructions'])
  if (typeof text !== 'string') return { ...checked, instructions: undefined }
  const braces = hasStrayBraces(text) ? [warning(['instructions'], strayBraces)] : []
  return { ...checked, findings: [...checked.findings, ...braces], instructions: parseTemplate(text) }
}

const gaIsNotSent =
  'makes this a GA session, which OPENAI_REALTIME_API=sessions cannot send; write it in the flat shape'

function checkGa(input: Fields, options: ParseOptions): Checked {
  const type = isSessionType(input['type']) ? input['type'] : undefined
  return {
    content: type && { type, session: input, flatSession: null, dropped: new Map() },
    expiresAfterSeconds: undefined,
    findings: [
      ...findingsOf(type === undefined ? gaSession : gaSessions[type], input),
      ...remarksOnSession(input, type ?? 'realtime', options),
      ...(options.api === 'sessions' ? [problem(['type'], gaIsNotSent)] : []),
    ],
  }
}

const twoExpiries = 'gives expires_after and its older name expires_at, and they differ; leave one out'
const wrongTool = "must be auto, none, required or the name of one of the session's own functions"

function checkFlat(input: unknown, options: ParseOptions): Checked {
  const { data = {}, findings: faults } = parseValid(flatEntry, input)
  const { client_secret: secret, ...flat } = data
  const [expiry, other = expiry] = requestedExpiries(secret)
  const { session, dropped, unknownTool } = toGaSession(flat)
  // Without its tools, a session says nothing about their choice.
  const isWrongTool = unknownTool && !faults.some(({ path: [field] }) => field === 'tools')
  const isSentFlat = options.api === 'sessions'
  // An unknown tool is a problem of its own, and servers of the flat endpoint have voices of their own.
  const ignored = new Set<unknown>(isSentFlat ? ['tool_choice', 'voice'] : ['tool_choice'])
  const findings = [
    ...faults,
    ...Array.from(remarksOnSession(session, 'realtime', options), toFlatFinding).filter(
      ({ path: [field], isWarning }) => isWarning !== true || !ignored.has(field),
    ),
    ...(other?.seconds === expiry?.seconds ? [] : [problem(['client_secret'], twoExpiries)]),
    ...findingsOf(gaSessions.realtime, session).map(toFlatFinding),
    ...(isWrongTool ? [problem(['tool_choice'], wrongTool)] : []),
    ...(isSentFlat ? [] : dropped.map(({ path, why }) => keyWarning(toPath(path), why))),
  ]
  return {
    content: {
      type: 'realtime',
      session,
      flatSession: isSentFlat ? flat : null,
      dropped: new Map(dropped.map(({ path, value }) => [path, value])),
    },
    expiresAfterSeconds: expiry?.seconds,
    findings,
  }
}

/** A finding in the translation, at the place where the operator wrote the field. */
function toFlatFinding(finding: Finding): Finding {
  const path = toFlatPath(finding.path.join('.'))
  return path === undefined ? finding : { ...finding, path }
}
