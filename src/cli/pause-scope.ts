/** The scope of a pause, as options of a command. */
import { isShortened, toCallerPseudonym } from '../audit-reader/filters.ts'
import { type Environment, parseConfig } from '../config.ts'
import { loadCatalog } from '../load-catalog.ts'
import { type GivenScope, type Scoped, toScope } from '../pauses/pause.ts'
import { ConfigError } from '../problems.ts'
import { toHint } from '../suggestion.ts'
import { isPlainWord, Misuse } from './arguments.ts'
import { locateAudit } from './audit-context.ts'

export const scopeOptions = {
  preset: { type: 'string' },
  origin: { type: 'string' },
  caller: { type: 'string' },
  all: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** A name without its option is most likely a preset's. Throws a Misuse. */
export function refuseOperand(operand: string | undefined): void {
  if (operand === undefined) return
  const option = operand === 'all' ? '--all' : `--preset ${operand}`
  const hint = isPlainWord(operand) ? ` Did you mean ${option}?` : ''
  throw new Misuse(`takes the scope as an option: --preset, --origin, --caller or --all.${hint}`)
}

/** One scope; a caller as its pseudonym. Throws a Misuse, or a CannotCheck if that needs a key that is missing. */
export async function parseScope(given: GivenScope, environment: Environment): Promise<Scoped> {
  const one = toScope(given)
  if (one === undefined) throw new Misuse('takes one of --preset, --origin, --caller and --all.')
  const { scope, value } = one
  if (scope !== 'caller' || value === null || /^[0-9a-f]{32}$/.test(value)) return one
  if (isShortened(value)) {
    throw new Misuse(
      'takes --caller as all 32 digits of a pseudonym, and this may be the beginning of one. audit query --caller finds all of them, also by a subject.',
    )
  }
  const [keys] = await locateAudit(environment).loadKeys()
  return keys === undefined ? one : { scope, value: toCallerPseudonym(value, keys) }
}

/** The names that there are; undefined where the service's other settings are not known here. */
async function loadNames(
  scope: 'preset' | 'origin',
  environment: Environment,
): Promise<readonly string[] | undefined> {
  try {
    const config = parseConfig(environment)
    if (scope === 'origin') return [...config.allowedOrigins]
    const loaded = await loadCatalog(config)
    return 'value' in loaded ? [...loaded.value.presets.keys()] : undefined
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** A mistyped name would stop nothing. Throws a Misuse. */
export async function checkName({ scope, value }: Scoped, environment: Environment): Promise<void> {
  if (value === null || scope === 'caller' || scope === 'all') return
  const names = await loadNames(scope, environment)
  if (names === undefined || names.includes(value)) return
  const where = scope === 'preset' ? 'The presets file' : 'ALLOWED_ORIGINS'
  throw new Misuse(`takes a known --${scope}. ${where} has no such one.${toHint(value, names)}`)
}
