/** `realtime-mint explain`: what would be decided for a request, and by which rule. Mints nothing and counts nothing. */
import { isIP } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { stripPort } from '../address-ranges.ts'
import type { Caller } from '../attempt.ts'
import { createCallerGuard } from '../auth/caller.ts'
import { monotonicNow, unixNow } from '../clocks.ts'
import { type Config, parseConfig } from '../config.ts'
import { ServiceError } from '../errors.ts'
import { toClientAddress } from '../http/client-address.ts'
import { createOriginGuard } from '../http/origin.ts'
import { toNetwork } from '../limits/network.ts'
import { formatRules } from '../limits/rules.ts'
import { loadCatalog } from '../load-catalog.ts'
import type { PauseEntry } from '../pauses/pause.ts'
import type { Pauses } from '../pauses/pauses.ts'
import type { Catalog } from '../presets/load/catalog.ts'
import type { Preset } from '../presets/preset.ts'
import { resolvePreset } from '../presets/request/access.ts'
import { choosePreset, parseClientSecretsRequest } from '../presets/request/mint-request.ts'
import { ConfigError } from '../problems.ts'
import { parseArguments } from './arguments.ts'
import { locateAudit } from './audit-context.ts'
import { type Command, toJson } from './command.ts'
import { noteFaults, openPauseStore } from './pause-store.ts'
import { toRefusalCause } from './refusal-cause.ts'

const options = {
  preset: { type: 'string' },
  origin: { type: 'string' },
  /** As the service sees it, behind the proxies of TRUST_PROXY. */
  address: { type: 'string' },
  token: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** The facts of a request; undefined for what it does not have. */
type Question = Partial<Record<'preset' | 'origin' | 'address' | 'token', string | undefined>>

interface Step {
  readonly check: 'origin' | 'caller' | 'preset' | 'pauses'
  readonly passes: boolean
  /** The rule. Never the token or a part of it. */
  readonly because: string
}

interface Explanation {
  /** In the order of the service, up to the first one that refuses. */
  readonly steps: readonly Step[]
  /** Null where every step passes. */
  readonly refusal: Pick<ServiceError, 'status' | 'code' | 'reason' | 'message'> | null
  /** What would be counted, with the rules. Only the running service knows how much is used. */
  readonly limits: readonly string[]
}

interface ExplainOptions {
  readonly config: Config
  readonly catalog: Catalog
  readonly pauses: Pauses
}

function checkOrigin({ origin }: Question, { allowedOrigins, callers }: Config): string {
  const optional = callers.mode === 'jwt'
  createOriginGuard({ allowedOrigins, optional })({ origin })
  return origin === undefined
    ? 'there is none, and AUTH_MODE=jwt does not require one'
    : 'it is listed in ALLOWED_ORIGINS'
}

async function identify({ token }: Question, { callers }: Config): Promise<Caller | null> {
  if (callers.mode === 'none') return null
  const guard = createCallerGuard({ ...callers, monotonicNow, unixNow })
  try {
    return await guard.identify({ authorization: token === undefined ? undefined : `Bearer ${token}` })
  } finally {
    await guard.close()
  }
}

function toCallerRule(caller: Caller | null): string {
  if (caller === null) return 'AUTH_MODE is none: every caller is accepted'
  return caller.singleUse === null
    ? 'the token is valid'
    : 'the token is valid. Only the running service knows whether it was used before'
}

function toPresetRule({ name, access: { origins, claims } }: Preset): string {
  const needs = [origins && 'the origin', claims && `the claims ${[...claims.keys()].join(', ')}`]
  const given = needs.filter((need) => need !== null).join(' and ')
  return given === ''
    ? `${name} is available to every caller`
    : `${name} requires ${given}, and the request has it`
}

/** The address as the limits count it. */
function toCounted({ address }: Question): string {
  if (address === undefined) return 'the address'
  const plain = stripPort(address)
  return isIP(plain) === 0
    ? 'the address of the proxy, because this is not an IP address'
    : toClientAddress(plain)
}

function toLimits(question: Question, caller: Caller | null, preset: Preset, { limits }: Config): string[] {
  const address = toCounted(question)
  const network = toNetwork(address)
  const site = network === undefined ? '' : `, and eight times as many of ${network}`
  const who = caller === null ? `${address}${site}` : 'the token’s subject'
  return [
    [`RATE_LIMIT_PER_ADDRESS of ${address}${site}`, limits.perAddress] as const,
    [`RATE_LIMIT_PER_CALLER of ${who}`, limits.perCaller] as const,
    [`limits.per_caller of ${preset.name} and ${who}`, preset.limits.perCaller] as const,
    [`limits.total of ${preset.name}`, preset.limits.total] as const,
    ['RATE_LIMIT_TOTAL', limits.total] as const,
  ].flatMap(([name, rules]) => (rules.length === 0 ? [] : [`${name}: ${formatRules(rules)}`]))
}

/** Runs the guards of the service in its order. Fetches the issuer’s keys, and reads the pauses. */
async function explain(
  question: Question,
  { config, catalog, pauses }: ExplainOptions,
): Promise<Explanation> {
  const steps: Step[] = []
  let check: Step['check'] = 'origin'
  let caller: Caller | null = null
  let name = ''
  let pause: PauseEntry | undefined

  try {
    steps.push({ check, passes: true, because: checkOrigin(question, config) })
    check = 'caller'
    caller = await identify(question, config)
    steps.push({ check, passes: true, because: toCallerRule(caller) })
    check = 'preset'
    name = choosePreset(parseClientSecretsRequest({}), question.preset, config.defaultPreset)
    const preset = resolvePreset(catalog.presets, name, { origin: question.origin, claims: caller?.claims })
    steps.push({ check, passes: true, because: toPresetRule(preset) })
    check = 'pauses'
    const facts = { preset, origin: question.origin ?? null, caller, address: toCounted(question) }
    pause = pauses.find(facts)
    pauses.check(facts)
    steps.push({ check, passes: true, because: 'no pause applies' })
    return { steps, refusal: null, limits: toLimits(question, caller, preset, config) }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    const { status, code, reason, message } = error
    const because = toRefusalCause(reason, { ...question, config, catalog, caller, name, pause })
    steps.push({ check, passes: false, because })
    return { steps, refusal: { status, code, reason, message }, limits: [] }
  }
}

/** For people: each step, then what would be counted, then the decision. */
function toExplanationText({ steps, refusal, limits }: Explanation): string {
  const lines = steps.map(
    ({ check, passes, because }) => `${check.padEnd(7)} ${passes ? 'passes ' : 'refuses'} ${because}`,
  )
  const counted = limits.map((limit) => `counts          ${limit}`)
  const verdict =
    refusal === null
      ? 'allow, unless a limit above is exceeded'
      : `refuse: ${refusal.status} ${refusal.code} (${refusal.reason}). ${refusal.message}`
  return [...lines, ...counted, verdict, ''].join('\n')
}

const EXIT_REFUSED = 1

/** `realtime-mint explain`: the exit code is 0 if such a request would be allowed, 1 if not. */
export const runExplain: Command = async (args, context) => {
  const { environment, write, note, input } = context
  const { json, token: given, ...facts } = parseArguments(args, options).values
  // A token on the command line stays in the history of the shell.
  const pasted = given === '-' ? await readText(input) : given
  // No text is no token, as it is to the service.
  const token = pasted?.trim().replace(/^(?:authorization: *)?bearer +/i, '') || undefined
  const config = parseConfig(environment)
  const loaded = await loadCatalog(config)
  if ('refused' in loaded) throw new ConfigError(loaded.refused.problems)
  // Without a key there are no records, and so no pseudonyms that a pause could name.
  const [keys] = await locateAudit(environment)
    .loadKeys()
    .catch(() => [])
  const { pauses, found, close } = await openPauseStore(context, {
    toPseudonym: keys?.toPseudonym,
    isReadOnly: true,
  })
  close()
  noteFaults(found, note)
  const explanation = await explain({ ...facts, token }, { config, catalog: loaded.value, pauses })
  await write(json ? toJson(explanation) : toExplanationText(explanation))
  return explanation.refusal === null ? 0 : EXIT_REFUSED
}
