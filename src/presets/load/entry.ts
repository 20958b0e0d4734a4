/** Checks one entry of the file: a preset, or what is wrong with each of its parts. */
import type { z } from 'zod'
import { isObject } from '../../json.ts'
import { type LimitRule, parseRules } from '../../limits/rules.ts'
import { closest } from '../../suggestion.ts'
import { valueAt } from '../json.ts'
import { createPreset, type Preset } from '../preset.ts'
import { presetEntry, type VariableInput } from '../schema/file.ts'
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

/** Checks an entry of the file. The paths of findings start at the entry. */
export function checkEntry(name: string, input: unknown, options: ParseOptions): CheckedEntry {
  const { data = {}, findings: faults } = parseValid(presetEntry, input, ['variables', 'overrides'])
  if (!isObject(input)) return { preset: undefined, findings: faults }
  const session = checkSession(input['session'], options)
  const findings = [
    ...faults,
    ...under(['session'], session.findings),
    ...checkVariables(data, input, session),
    ...checkRules(data, session, options),
    ...checkAccess(data, input, options),
    ...checkExpiry(data, session),
  ]
  const { content, instructions, expiresAfterSeconds: asked } = session
  if (content === undefined || findings.some(({ isWarning }) => isWarning !== true)) {
    return { preset: undefined, findings }
  }
  const preset = createPreset({
    ...content,
    name,
    description: data.description ?? null,
    expiresAfterSeconds: data.expires_after_seconds ?? asked ?? DEFAULT_EXPIRY_SECONDS,
    access: toAccess(data.access),
    limits: { perCaller: toRules(data.limits?.per_caller), total: toRules(data.limits?.total) },
    instructions,
    variables: new Map(Object.entries(data.variables ?? {})),
    rules: new Map(Object.entries(data.overrides ?? {})),
  })
  return { preset, findings }
}

function checkVariables(
  { variables = {} }: Entry,
  input: unknown,
  { instructions }: CheckedSession,
): readonly Finding[] {
  const given = valueAt(input, ['variables'])
  return [
    ...Object.entries(variables).flatMap(([name, declared]) =>
      under(['variables', name], checkVariable(declared)),
    ),
    // An invalid declaration still declares its name.
    ...comparePlaceholders(instructions, Object.keys(isObject(given) ? given : {})),
  ]
}

function checkRules(
  { overrides = {} }: Entry,
  { content }: CheckedSession,
  options: ParseOptions,
): readonly Finding[] {
  if (content === undefined) return []
  const { type } = content
  const isSentFlat = options.api === 'sessions'
  const model = valueAt(content.session, ['audio', 'input', 'transcription', 'model'])
  const isModelOpen = overrides['audio.input.transcription.model'] !== undefined
  const isTurnless = type === 'transcription' && refusesTurnDetection(model) && !isModelOpen
  return Object.entries(overrides).flatMap(([path, rule]) => {
    // Servers of the flat endpoint have voices of their own.
    const isOwnName = isSentFlat && path === 'audio.output.voice'
    const isUseless = isTurnless && path.startsWith('audio.input.turn_detection.')
    return under(
      ['overrides', path],
      [
        ...checkRule(path, rule, type, isSentFlat),
        ...(isOwnName ? [] : remarksOnRule(path, rule, type, options)),
        ...(isUseless ? [keyProblem([], `has no use: ${String(model)} takes no turn detection`)] : []),
      ],
    )
  })
}

function checkAccess(
  { access }: Entry,
  input: unknown,
  { allowedOrigins, authMode }: ParseOptions,
): readonly Finding[] {
  const origins: unknown = valueAt(input, ['access', 'origins'])
  const wrong = (Array.isArray(origins) ? origins : []).flatMap((origin: unknown, index) => {
    const message = typeof origin === 'string' ? originProblem(origin, allowedOrigins) : undefined
    return message === undefined ? [] : [problem(['access', 'origins', index], message)]
  })
  const isUnreachable = access?.claims !== undefined && authMode !== 'jwt'
  const unreachable = 'has no effect without AUTH_MODE=jwt: no caller gets this preset'
  return [...wrong, ...(isUnreachable ? [keyWarning(['access', 'claims'], unreachable)] : [])]
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

function checkExpiry(
  { expires_after_seconds: own }: Entry,
  { expiresAfterSeconds: asked }: CheckedSession,
): readonly Finding[] {
  const differs = own !== undefined && asked !== undefined && own !== asked
  const message = "differs from the session's client_secret.expires_after.seconds"
  return differs ? [problem(['expires_after_seconds'], message)] : []
}

function toAccess({ origins, claims }: NonNullable<Entry['access']> = {}): Preset['access'] {
  const accepted = Object.entries(claims ?? {}).map(([name, values]) => [name, new Set(values)] as const)
  return { origins: origins ? new Set(origins) : null, claims: claims ? new Map(accepted) : null }
}

const toRules = (text = ''): readonly LimitRule[] => parseRules(text) ?? []

/** Values that no request could use. */
function checkVariable(declared: VariableInput): readonly Finding[] {
  const { enum: values = [], default: fallback } = declared
  const isUsable = fallback === undefined || isValueOf(declared, fallback)
  return [
    ...values.flatMap((value, index) =>
      isPlainText(value) ? [] : [problem(['enum', index], 'has a control, bidi or zero-width character')],
    ),
    ...(isUsable ? [] : [problem(['default'], 'is not a value that this variable accepts')]),
  ]
}

/** A placeholder without a declaration is a problem, a declaration without a placeholder is a warning. */
function comparePlaceholders(
  template: Template | undefined,
  declared: readonly string[],
): readonly Finding[] {
  const used = new Set(template?.names)
  const undeclared = [...used].filter((name) => !declared.includes(name)).slice(0, MAX_FINDINGS)
  const unused = declared.filter((name) => !used.has(name))
  return [
    ...undeclared.map((name) => problem(['session', 'instructions'], undeclaredMessage(name, declared))),
    ...unused.map((name) =>
      keyWarning(['variables', name], `is not used in the instructions; write {{${name}}} there`),
    ),
  ]
}

function undeclaredMessage(name: string, declared: readonly string[]): string {
  const isShown = /^\w{1,64}$/.test(name) && !isCredentialLike(name)
  const near = closest(name, declared)
  const message = `has ${isShown ? `the placeholder {{${name}}}` : 'a placeholder'}, which variables do not declare`
  return near === undefined ? message : `${message}; did you mean {{${near}}}?`
}
