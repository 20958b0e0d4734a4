/** Checks one entry of the file: a preset, or what is wrong with each of its parts. */
import type { z } from 'zod'
import { isObject } from '../../json.ts'
import { type LimitRule, parseRules } from '../../limits/rules.ts'
import { closest } from '../../suggestion.ts'
import { type Path, valueAt } from '../json.ts'
import { createPreset, type Preset } from '../preset.ts'
import { presetEntry } from '../schema/file.ts'
import { MAX_FINDINGS } from '../schema/issues.ts'
import { refusesTurnDetection } from '../schema/models.ts'
import { isPlainText, isValueOf, type Template } from '../variables.ts'
import { isCredentialLike } from './credentials.ts'
import { type Finding, keyProblem, keyWarning, parseValid, problem, under } from './findings.ts'
import { type ParseOptions, remarksOnRule } from './remarks.ts'
import { checkRule } from './rules.ts'
import { type CheckedSession, checkSession } from './session.ts'

interface CheckedEntry {
  /** Undefined when there are problems. */
  readonly preset: Preset | undefined
  readonly findings: readonly Finding[]
}

type Entry = z.output<typeof presetEntry>

const DEFAULT_EXPIRY_SECONDS = 60

const twoExpiries = "differs from the session's client_secret.expires_after.seconds"

/** Checks an entry of the file. The paths of findings start at the entry. */
export function checkEntry(name: string, input: unknown, options: ParseOptions): CheckedEntry {
  const { data = {}, findings: faults } = parseValid(presetEntry, input, ['variables', 'overrides'])
  if (!isObject(input)) return { preset: undefined, findings: faults }
  const session = checkSession(input['session'], options)
  const { content, instructions, expiresAfterSeconds: asked = data.expires_after_seconds } = session
  const { expires_after_seconds: expiry = asked } = data
  // The session says what such a rule can be.
  const noRules = faults.filter(({ path }) => content !== undefined && isNoRule(input, path))
  const findings = [
    ...faults.filter((fault) => !noRules.includes(fault)),
    ...under(['session'], session.findings),
    ...checkVariables(data, input, instructions),
    ...(content === undefined ? [] : checkRules(data, noRules, content, options)),
    ...checkAccess(data, input, options),
    ...(expiry === asked ? [] : [problem(['expires_after_seconds'], twoExpiries)]),
  ]
  if (content === undefined || findings.some(({ isWarning }) => isWarning !== true)) {
    return { preset: undefined, findings }
  }
  const preset = createPreset({
    ...content,
    name,
    description: data.description ?? null,
    expiresAfterSeconds: expiry ?? DEFAULT_EXPIRY_SECONDS,
    access: toAccess(data.access),
    limits: { perCaller: toRules(data.limits?.per_caller), total: toRules(data.limits?.total) },
    instructions,
    variables: new Map(Object.entries(data.variables ?? {})),
    rules: new Map(Object.entries(data.overrides ?? {})),
  })
  return { preset, findings }
}

/** A placeholder without a declaration is a problem, a declaration without a placeholder is a warning. */
function* checkVariables({ variables = {} }: Entry, input: unknown, template?: Template): Iterable<Finding> {
  for (const [name, variable] of Object.entries(variables)) {
    const { enum: values = [], default: fallback } = variable
    const at = ['variables', name]
    for (const [index, value] of values.entries()) {
      if (!isPlainText(value))
        yield problem([...at, 'enum', index], 'has a control, bidi or zero-width character')
    }
    if (fallback !== undefined && !isValueOf(variable, fallback))
      yield problem([...at, 'default'], 'is not a value that this variable accepts')
  }
  const given = valueAt(input, ['variables'])
  // An invalid declaration still declares its name.
  const declared = Object.keys(isObject(given) ? given : {})
  const used = new Set(template?.names)
  for (const name of [...used].filter((one) => !declared.includes(one)).slice(0, MAX_FINDINGS))
    yield problem(['session', 'instructions'], undeclaredMessage(name, declared))
  for (const name of declared.filter((one) => !used.has(one)))
    yield keyWarning(['variables', name], `is not used in the instructions; write {{${name}}} there`)
}

/** True for the path of a rule that has not even the kind of one, such as a text. */
function isNoRule(input: unknown, path: Path): boolean {
  const value = valueAt(input, path)
  return path[0] === 'overrides' && path.length === 2 && (typeof value !== 'object' || value === null)
}

function* checkRules(
  { overrides = {} }: Entry,
  noRules: readonly Finding[],
  { type, session }: NonNullable<CheckedSession['content']>,
  options: ParseOptions,
): Iterable<Finding> {
  const isSentFlat = options.api === 'sessions'
  const model = valueAt(session, ['audio', 'input', 'transcription', 'model'])
  const isModelOpen = overrides['audio.input.transcription.model'] !== undefined
  const isTurnless = type === 'transcription' && refusesTurnDetection(model) && !isModelOpen
  for (const { path } of noRules) yield* under(path, checkRule(String(path[1]), undefined, type, isSentFlat))
  for (const [path, rule] of Object.entries(overrides)) {
    const at = ['overrides', path]
    yield* under(at, checkRule(path, rule, type, isSentFlat))
    // Servers of the flat endpoint have voices of their own.
    if (!isSentFlat || path !== 'audio.output.voice')
      yield* under(at, remarksOnRule(path, rule, type, options))
    if (isTurnless && path.startsWith('audio.input.turn_detection.'))
      yield keyProblem(at, `has no use: ${String(model)} has no turn detection`)
  }
}

function* checkAccess(
  { access }: Entry,
  input: unknown,
  { allowedOrigins, authMode }: ParseOptions,
): Iterable<Finding> {
  const origins: unknown = valueAt(input, ['access', 'origins'])
  for (const [index, origin] of (Array.isArray(origins) ? origins : []).entries()) {
    const message = typeof origin === 'string' ? originProblem(origin, allowedOrigins) : undefined
    if (message !== undefined) yield problem(['access', 'origins', index], message)
  }
  if (access?.claims !== undefined && authMode !== 'jwt')
    yield keyWarning(['access', 'claims'], 'has no effect without AUTH_MODE=jwt: no caller gets this preset')
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

function toAccess({ origins, claims }: NonNullable<Entry['access']> = {}): Preset['access'] {
  const accepted = Object.entries(claims ?? {}).map(([name, values]) => [name, new Set(values)] as const)
  return { origins: origins ? new Set(origins) : null, claims: claims ? new Map(accepted) : null }
}

const toRules = (text = ''): readonly LimitRule[] => parseRules(text) ?? []

function undeclaredMessage(name: string, declared: readonly string[]): string {
  const isShown = /^\w{1,64}$/.test(name) && !isCredentialLike(name)
  const near = closest(name, declared)
  const message = `has ${isShown ? `the placeholder {{${name}}}` : 'a placeholder'}, which variables do not declare`
  return near === undefined ? message : `${message}; did you mean {{${near}}}?`
}
