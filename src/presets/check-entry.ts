/** One entry of the file, checked in full: the faults of every part, or a preset. */

import { type LimitRule, parseRules } from '../limits/rules.ts'
import { type Api, type CheckedSession, checkSession } from './check-session.ts'
import {
  entryParts,
  overrideRule,
  presetEntry,
  type RuleInput,
  type VariableInput,
  variable,
} from './file-schema.ts'
import type { Finding } from './findings.ts'
import { findingsOf } from './findings.ts'
import { isObject, type Path, valueAt } from './json.ts'
import type { Upstream } from './models.ts'
import { type Rules, ruleProblems } from './overrides.ts'
import { type Access, createPreset, type Limits, type Preset } from './preset.ts'
import { remarksOnRules } from './session-remarks.ts'
import { compareHoles, toVariables, type Variables } from './variables.ts'

/** The settings that presets are checked against. */
export interface PresetContext extends Upstream {
  /** As ALLOWED_ORIGINS lists them; undefined when that setting is invalid. */
  readonly allowedOrigins: ReadonlySet<string> | undefined
  readonly authMode: 'none' | 'jwt'
  readonly api: Api
}

export interface CheckedEntry {
  /** Undefined when there are problems. */
  readonly preset: Preset | undefined
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

interface Checked<Value> {
  readonly value: Value
  readonly problems: readonly Finding[]
  readonly warnings: readonly Finding[]
}

/** Checks an entry as it came out of the file. Findings have paths that start at the entry. */
export function checkEntry(name: string, input: unknown, context: PresetContext): CheckedEntry {
  const { data } = presetEntry.safeParse(input)
  const session = checkSession(valueAt(input, ['session']), context.api, context)
  const variables = checkVariables(valueAt(input, ['variables']), session)
  const rules = checkRules(valueAt(input, ['overrides']), session, context)
  const access = checkAccess(valueAt(input, ['access']), context)
  const expiry = checkExpiry(valueAt(input, ['expires_after_seconds']), session)
  const problems = [
    ...findingsOf(presetEntry, input),
    ...(isObject(input) ? under(['session'], session.problems) : []),
    ...[variables, rules, access, expiry].flatMap((part) => part.problems),
  ]
  const warnings = [
    ...under(['session'], session.warnings),
    ...[variables, rules, access, expiry].flatMap((part) => part.warnings),
  ]
  if (data === undefined || session.content === undefined || problems.length > 0) {
    return { preset: undefined, problems, warnings }
  }
  const preset = createPreset({
    ...session.content,
    name,
    description: data.description ?? null,
    expiresAfterSeconds: expiry.value,
    access: access.value,
    limits: toLimits(data.limits),
    instructions: session.instructions,
    variables: variables.value,
    rules: rules.value,
  })
  return { preset, problems, warnings }
}

function under(path: Path, findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) => ({ ...finding, path: [...path, ...finding.path] }))
}

/** The members of an object that fit a schema; the others are reported elsewhere and hide none of these. */
function fitting<Value>(
  input: unknown,
  read: (value: unknown) => { data?: Value | undefined },
): Readonly<Record<string, Value>> {
  const fits: Record<string, Value> = {}
  for (const [key, value] of Object.entries(isObject(input) ? input : {})) {
    const { data } = read(value)
    if (data !== undefined) fits[key] = data
  }
  return fits
}

function checkVariables(input: unknown, session: CheckedSession): Checked<Variables> {
  const declared = fitting<VariableInput>(input, (value) => variable.safeParse(value))
  const { variables, problems } = toVariables(declared)
  const names = Object.keys(isObject(input) ? input : {})
  const holes = compareHoles(session.instructions ?? { literals: [''], names: [] }, names)
  return {
    value: variables,
    problems: [...under(['variables'], problems), ...under(['session', 'instructions'], holes.problems)],
    warnings: under(['variables'], holes.warnings),
  }
}

function checkRules(input: unknown, session: CheckedSession, context: PresetContext): Checked<Rules> {
  const rules = fitting<RuleInput>(input, (value) => overrideRule.safeParse(value))
  const { type } = session
  const isSentFlat = context.api === 'sessions'
  const remarks = type === undefined ? { problems: [], warnings: [] } : remarksOnRules(rules, type, context)
  const problems = type === undefined ? [] : [...ruleProblems(rules, type, isSentFlat), ...remarks.problems]
  const warnings = remarks.warnings.filter(
    ({ path: [name] }) => !(isSentFlat && name === 'audio.output.voice'),
  )
  return {
    value: new Map(Object.entries(rules)),
    problems: under(['overrides'], problems),
    warnings: under(['overrides'], warnings),
  }
}

function checkAccess(input: unknown, { allowedOrigins, authMode }: PresetContext): Checked<Access> {
  const { data } = entryParts.access.safeParse(input)
  const origins: unknown = valueAt(input, ['origins'])
  const problems = (Array.isArray(origins) ? origins : []).flatMap((origin: unknown, index) => {
    const message = typeof origin === 'string' ? originProblem(origin, allowedOrigins) : undefined
    return message === undefined ? [] : [{ path: ['access', 'origins', index], message }]
  })
  const claims = data?.claims
  const isUnreachable = claims !== undefined && authMode !== 'jwt'
  return {
    value: {
      origins: data?.origins === undefined ? null : new Set(data.origins),
      claims:
        claims === undefined
          ? null
          : new Map(Object.entries(claims).map(([name, values]) => [name, new Set(values)])),
    },
    problems,
    warnings: isUnreachable
      ? [
          {
            path: ['access', 'claims'],
            atKey: true,
            message: 'has no effect without AUTH_MODE=jwt: no caller gets this preset',
          },
        ]
      : [],
  }
}

function originProblem(origin: string, allowed: ReadonlySet<string> | undefined): string | undefined {
  const canonical = URL.parse(origin)?.origin
  if (canonical === undefined || canonical === 'null')
    return 'is no origin; write one such as https://app.example.com'
  if (canonical !== origin) return `is not an origin as browsers send it; write ${canonical}`
  return allowed === undefined || allowed.has(origin)
    ? undefined
    : 'is not in ALLOWED_ORIGINS, which a preset can only narrow'
}

const defaultExpirySeconds = 60

function checkExpiry(input: unknown, session: CheckedSession): Checked<number> {
  const asked = session.expiresAfterSeconds
  const { data: own } = entryParts.expires_after_seconds.safeParse(input)
  const differs = own !== undefined && asked !== undefined && own !== asked
  return {
    value: own ?? asked ?? defaultExpirySeconds,
    problems: differs
      ? [
          {
            path: ['expires_after_seconds'],
            message: "differs from the session's client_secret.expires_after.seconds",
          },
        ]
      : [],
    warnings: [],
  }
}

const toRules = (text = ''): readonly LimitRule[] => parseRules(text) ?? []

function toLimits(
  limits: { per_caller?: string | undefined; total?: string | undefined } | undefined,
): Limits {
  return { perCaller: toRules(limits?.per_caller), total: toRules(limits?.total) }
}
