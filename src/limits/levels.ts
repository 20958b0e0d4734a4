/** Whom the limits count: each address, each caller, each preset's callers, each preset, and all. */
import { ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { KEY_PREFIX } from '../redis/script.ts'
import type { Policy, Quota } from './quota.ts'
import { type LimitRule, toUnit } from './rules.ts'
import type { Claim, LimitStore, Verdict } from './store.ts'

/** As much of a preset as limits depend on. */
export interface LimitedPreset {
  readonly name: string
  readonly limits: { readonly perCaller: readonly LimitRule[]; readonly total: readonly LimitRule[] }
}

export interface WantedMint {
  readonly preset: LimitedPreset
  /** Of the caller's token; null for anonymous callers, who are told apart by their address. */
  readonly subject: string | null
  readonly address: string
}

export interface Decision {
  /** How the limits stand that a caller may know of: none that others use up too. */
  readonly quotas: readonly Quota[]
  readonly refusal: ServiceError | undefined
}

export interface Limits {
  /** Counts one request of an address. Throws a ServiceError where nothing can be decided. */
  readonly askAddress: (address: string) => Promise<Decision>
  /** Counts one mint at all other levels, or at none. Throws a ServiceError where nothing can be decided. */
  readonly askMint: (mint: WantedMint) => Promise<Decision>
}

export interface LimitsOptions {
  readonly store: LimitStore
  readonly perAddress: readonly LimitRule[]
  readonly perCaller: readonly LimitRule[]
  readonly total: readonly LimitRule[]
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
}

type Level = 'address' | 'caller' | 'preset_and_caller' | 'preset' | 'total'

const reasonOf = {
  address: 'limit_per_address',
  caller: 'limit_per_caller',
  preset_and_caller: 'limit_per_preset_and_caller',
  preset: 'limit_per_preset',
  total: 'limit_total',
} as const satisfies Record<Level, Reason>

/** What callers know a level as; the others tell of other people's traffic. */
const shownAs: ReadonlyMap<Level, string> = new Map([
  ['address', 'address'],
  ['caller', 'caller'],
  ['preset_and_caller', 'preset'],
])

/** A rule at its level: all of a claim that does not depend on the request. */
interface Gauge {
  readonly rule: LimitRule
  readonly level: Level
  readonly keyPrefix: string
  readonly policy: Policy | undefined
}

/** Policies on one reply need names of their own. */
function toPolicy(name: string, { limit, windowMs }: LimitRule, index: number): Policy {
  const own = index === 0 ? name : `${name}-${toUnit(windowMs)}`
  return { name: own, text: `"${own}";q=${limit};w=${windowMs / 1000}` }
}

function toGauges(level: Level, rules: readonly LimitRule[], part = ''): readonly Gauge[] {
  const name = shownAs.get(level)
  return rules.map((rule, index) => ({
    rule,
    level,
    keyPrefix: `${KEY_PREFIX}${level}/${toUnit(rule.windowMs)}:${part}`,
    policy: name === undefined ? undefined : toPolicy(name, rule, index),
  }))
}

const toClaims = (gauges: readonly Gauge[], who: string): readonly Claim[] =>
  gauges.map(({ rule: { limit, windowMs }, level, keyPrefix }) => ({
    key: keyPrefix + who,
    level,
    limit,
    windowMs,
  }))

function toDecision(gauges: readonly Gauge[], { admitted, standings }: Verdict): Decision {
  const quotas: Quota[] = []
  let slowest: Level = 'total'
  let waitMs = -1
  for (const [index, { level, policy }] of gauges.entries()) {
    const { remaining = 0, resetMs = 0 } = standings[index] ?? {}
    if (policy !== undefined) quotas.push({ policy, remaining, resetMs })
    if (remaining > 0 || resetMs <= waitMs) continue
    slowest = level
    waitMs = resetMs
  }
  if (admitted) return { quotas, refusal: undefined }
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return { quotas, refusal: new ServiceError(reasonOf[slowest], { retryAfterSeconds }) }
}

export function createLimits({ store, perAddress, perCaller, total, toPseudonym }: LimitsOptions): Limits {
  const ofAddress = toGauges('address', perAddress)
  const ofCaller = toGauges('caller', perCaller)
  const ofAll = toGauges('total', total, 'all')
  /** A preset lives for as long as its revision of the file. */
  const ofPresets = new WeakMap<LimitedPreset, PresetGauges>()

  function gaugesOf(preset: LimitedPreset): PresetGauges {
    const known = ofPresets.get(preset)
    if (known !== undefined) return known
    const { name, limits } = preset
    const perCallerOfPreset = toGauges('preset_and_caller', limits.perCaller, `${name}:`)
    const perPreset = toGauges('preset', limits.total, name)
    const gauges = {
      ofCallers: [...ofCaller, ...perCallerOfPreset],
      shared: toClaims([...perPreset, ...ofAll], ''),
      all: [...ofCaller, ...perCallerOfPreset, ...perPreset, ...ofAll],
    }
    ofPresets.set(preset, gauges)
    return gauges
  }

  return {
    askAddress: async (address) => {
      const claims = toClaims(ofAddress, toPseudonym('address', address))
      return toDecision(ofAddress, await store.take(claims))
    },
    askMint: async ({ preset, subject, address }) => {
      const who = subject === null ? toPseudonym('address', address) : toPseudonym('caller', subject)
      const { ofCallers, shared, all } = gaugesOf(preset)
      return toDecision(all, await store.take([...toClaims(ofCallers, who), ...shared]))
    },
  }
}

interface PresetGauges {
  readonly ofCallers: readonly Gauge[]
  /** The same for all callers. */
  readonly shared: readonly Claim[]
  /** In the order of the claims. */
  readonly all: readonly Gauge[]
}
