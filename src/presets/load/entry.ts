/** Checks one entry of the file: a preset, or the problems of every part. */
import type { z } from 'zod'

import { isObject } from '../../json.ts'
import { type LimitRule, parseRules } from '../../limits/rules.ts'
import { type Path, valueAt } from '../json.ts'
import { type Access, createPreset, type Limits, type Preset, type Rules } from '../preset.ts'
import {
  entryParts,
  overrideRule,
  presetEntry,
  type RuleInput,
  type VariableInput,
  variable,
} from '../schema/file.ts'
import { MAX_FINDINGS } from '../schema/issues.ts'
import { takesTurnDetection, type Upstream } from '../schema/models.ts'
import { MAX_KEYS } from '../schema/parts.ts'
import type { Variables } from '../variables.ts'
import { type Finding, parseWithFindings } from './findings.ts'
import { remarksOnRules } from './remarks.ts'
import { ruleProblems } from './rules.ts'
import { type Api, type CheckedSession, checkSession } from './session.ts'
import { comparePlaceholders, toVariables } from './variables.ts'

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

/** Checks an entry of the file. The paths of findings start at the entry. */
export function checkEntry(name: string, input: unknown, context: PresetContext): CheckedEntry {
  const { data, findings } = parseWithFindings(presetEntry, input)
  const parts = data ?? validParts(input)
  const session = checkSession(valueAt(input, ['session']), context.api, context)
  const variables = checkVariables(parts.variables ?? {}, input, session)
  const rules = checkRules(parts.overrides ?? {}, session, context)
  const access = checkAccess(parts.access, input, context)
  const expiry = checkExpiry(parts.expires_after_seconds, session)
  const checks = [variables, rules, access, expiry]
  const problems = [
    ...findings,
    ...(isObject(input) ? under(['session'], session.problems) : []),
    ...checks.flatMap((check) => check.problems),
  ].slice(0, MAX_FINDINGS)
  const warnings = [...under(['session'], session.warnings), ...checks.flatMap((check) => check.warnings)]
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

type Parts = Omit<Partial<z.output<typeof presetEntry>>, 'session'>

/** The parts of an invalid entry that are valid, so that one problem hides no other. */
function validParts(input: unknown): Parts {
  return {
    variables: validMembers(variable, valueAt(input, ['variables'])),
    overrides: validMembers(overrideRule, valueAt(input, ['overrides'])),
    access: entryParts.access.safeParse(valueAt(input, ['access'])).data,
    expires_after_seconds: entryParts.expires_after_seconds.safeParse(
      valueAt(input, ['expires_after_seconds']),
    ).data,
  }
}

function validMembers<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): Record<string, z.output<Schema>> {
  const members: Record<string, z.output<Schema>> = {}
  for (const [key, value] of Object.entries(isObject(input) ? input : {}).slice(0, MAX_KEYS)) {
    const { success, data } = schema.safeParse(value)
    if (success) members[key] = data
  }
  return members
}

function checkVariables(
  declared: Readonly<Record<string, VariableInput>>,
  input: unknown,
  session: CheckedSession,
): Checked<Variables> {
  const { variables, problems } = toVariables(declared)
  const given = valueAt(input, ['variables'])
  const names = Object.keys(isObject(given) ? given : {})
  const placeholders = comparePlaceholders(session.instructions ?? { literals: [''], names: [] }, names)
  return {
    value: variables,
    problems: [
      ...under(['variables'], problems),
      ...under(['session', 'instructions'], placeholders.problems),
    ],
    warnings: under(['variables'], placeholders.warnings),
  }
}

function checkRules(
  rules: Readonly<Record<string, RuleInput>>,
  session: CheckedSession,
  context: PresetContext,
): Checked<Rules> {
  const { type } = session
  const isSentFlat = context.api === 'sessions'
  const remarks = type === undefined ? { problems: [], warnings: [] } : remarksOnRules(rules, type, context)
  const problems =
    type === undefined
      ? []
      : [...ruleProblems(rules, type, isSentFlat), ...remarks.problems, ...turnlessProblems(rules, session)]
  const warnings = remarks.warnings.filter(
    ({ path: [name] }) => !(isSentFlat && name === 'audio.output.voice'),
  )
  return {
    value: new Map(Object.entries(rules)),
    problems: under(['overrides'], problems),
    warnings: under(['overrides'], warnings),
  }
}

/** Rules for the turn detection of a transcription model that takes none, unless the model is open, too. */
function turnlessProblems(
  rules: Readonly<Record<string, RuleInput>>,
  { type, content }: CheckedSession,
): readonly Finding[] {
  const model = valueAt(content?.session, ['audio', 'input', 'transcription', 'model'])
  if (type !== 'transcription' || takesTurnDetection(model)) return []
  if (rules['audio.input.transcription.model'] !== undefined) return []
  return Object.keys(rules)
    .filter((path) => path.startsWith('audio.input.turn_detection.'))
    .map((path) => ({
      path: [path],
      atKey: true,
      message: `has no use: ${String(model)} takes no turn detection`,
    }))
}

function checkAccess(
  data: Parts['access'],
  input: unknown,
  { allowedOrigins, authMode }: PresetContext,
): Checked<Access> {
  const origins: unknown = valueAt(input, ['access', 'origins'])
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
    return 'is not an origin; write one such as https://app.example.com'
  if (canonical !== origin) return `is not an origin as browsers send it; write ${canonical}`
  return allowed === undefined || allowed.has(origin)
    ? undefined
    : 'is not in ALLOWED_ORIGINS, which a preset can only narrow'
}

const DEFAULT_EXPIRY_SECONDS = 60

function checkExpiry(own: number | undefined, session: CheckedSession): Checked<number> {
  const asked = session.expiresAfterSeconds
  const differs = own !== undefined && asked !== undefined && own !== asked
  return {
    value: own ?? asked ?? DEFAULT_EXPIRY_SECONDS,
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
