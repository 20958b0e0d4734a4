/** What the limits count: each address, each IPv6 network, each caller, each preset's callers, each preset, and all. */
import type { Quota } from '../attempt.ts'
import { ServiceError } from '../errors.ts'
import type { Reason } from '../reasons.ts'
import { KEY_PREFIX } from '../redis/script.ts'
import { NETWORK_FACTOR, toNetwork } from './network.ts'
import { type LimitRule, toUnit } from './rules.ts'
import type { Counter, Decision, LimitStore } from './store.ts'

/** The part of a preset that limits depend on. */
export interface LimitedPreset {
  readonly name: string
  readonly limits: { readonly perCaller: readonly LimitRule[]; readonly total: readonly LimitRule[] }
}

export interface WantedMint {
  readonly preset: LimitedPreset
  /** The subject of the caller's token; null for anonymous callers, whose address is counted. */
  readonly subject: string | null
  readonly address: string
}

export interface LimitResult {
  /** The limits that a caller may know about: no totals. */
  readonly quotas: readonly Quota[]
  readonly refusal: ServiceError | undefined
}

export interface Limits {
  /** Whether mints can be counted now. */
  readonly isAvailable: () => boolean
  /** Counts one request of an address. Throws a ServiceError if the store cannot decide. */
  readonly countRequest: (address: string) => Promise<LimitResult>
  /** Counts one mint at all other levels, or at none. Throws a ServiceError if the store cannot decide. */
  readonly countMint: (mint: WantedMint) => Promise<LimitResult>
  /** How many mints of all callers this process counted, for each rule. */
  readonly totals: () => readonly RuleUsage[]
}

export interface RuleUsage extends LimitRule {
  readonly used: number
}

export interface LimitsOptions {
  readonly store: LimitStore
  readonly perAddress: readonly LimitRule[]
  readonly perCaller: readonly LimitRule[]
  readonly total: readonly LimitRule[]
  readonly toPseudonym: (kind: 'caller' | 'address', value: string) => string
}

interface Level {
  readonly reason: Reason
  /** False if it counts requests that may mint nothing. */
  readonly isOfMint: boolean
  /** The policy's name on the wire. Totals have none: they tell about other people's traffic. */
  readonly shownAs: string | undefined
}

const levels = {
  address: { reason: 'limit_per_address', isOfMint: false, shownAs: 'address' },
  address_network: { reason: 'limit_per_address_network', isOfMint: false, shownAs: 'address-network' },
  caller: { reason: 'limit_per_caller', isOfMint: true, shownAs: 'caller' },
  caller_network: { reason: 'limit_per_caller_network', isOfMint: true, shownAs: 'caller-network' },
  preset_and_caller: { reason: 'limit_per_preset_and_caller', isOfMint: true, shownAs: 'preset' },
  preset_and_caller_network: {
    reason: 'limit_per_preset_and_caller_network',
    isOfMint: true,
    shownAs: 'preset-network',
  },
  preset: { reason: 'limit_per_preset', isOfMint: true, shownAs: undefined },
  total: { reason: 'limit_total', isOfMint: true, shownAs: undefined },
} as const satisfies Record<string, Level>

type LevelName = keyof typeof levels

/** A rule at its level: everything about a counter that does not depend on the request. */
interface LeveledRule extends LimitRule {
  readonly level: LevelName
  /** Which requests a counter counts: those of one caller, of a caller's IPv6 network, or all. */
  readonly counts: 'caller' | 'network' | 'all'
  readonly keyPrefix: string
  readonly policy: Quota['policy'] | undefined
}

/** Policies on one reply need different names. */
function toPolicy(name: string, { limit, windowMs }: LimitRule, index: number): Quota['policy'] {
  const own = index === 0 ? name : `${name}-${toUnit(windowMs)}`
  return { name: own, text: `"${own}";q=${limit};w=${windowMs / 1000}` }
}

function toLeveledRules(
  level: LevelName,
  rules: readonly LimitRule[],
  { counts, part = '' }: { readonly counts: LeveledRule['counts']; readonly part?: string | undefined },
): readonly LeveledRule[] {
  const { shownAs } = levels[level]
  return rules.map((rule, index) => ({
    ...rule,
    level,
    counts,
    keyPrefix: `${KEY_PREFIX}${level}/${toUnit(rule.windowMs)}:${part}`,
    policy: shownAs === undefined ? undefined : toPolicy(shownAs, rule, index),
  }))
}

/** With additional rules for callers that an IPv6 address identifies. */
function toKeyedRules(
  level: 'address' | 'caller' | 'preset_and_caller',
  rules: readonly LimitRule[],
  part?: string,
): readonly LeveledRule[] {
  const widened = rules.map(({ limit, windowMs }) => ({ limit: limit * NETWORK_FACTOR, windowMs }))
  return [
    ...toLeveledRules(level, rules, { counts: 'caller', part }),
    ...toLeveledRules(`${level}_network`, widened, { counts: 'network', part }),
  ]
}

/** The rules that count one kind of request. */
interface RuleSet {
  readonly rules: readonly LeveledRule[]
  readonly rulesOfIpv6: readonly LeveledRule[]
}

const toRuleSet = (rulesOfIpv6: readonly LeveledRule[]): RuleSet => ({
  rules: rulesOfIpv6.filter(({ counts }) => counts !== 'network'),
  rulesOfIpv6,
})

function toResult(rules: readonly LeveledRule[], { admitted, usages }: Decision): LimitResult {
  const quotas: Quota[] = []
  let slowest: LevelName = 'total'
  let waitMs = -1
  for (const [index, { level, policy }] of rules.entries()) {
    const { remaining = 0, resetMs = 0 } = usages[index] ?? {}
    if (policy !== undefined) quotas.push({ policy, remaining, resetMs })
    if (remaining > 0 || resetMs <= waitMs) continue
    slowest = level
    waitMs = resetMs
  }
  if (admitted) return { quotas, refusal: undefined }
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000))
  return { quotas, refusal: new ServiceError(levels[slowest].reason, { retryAfterSeconds }) }
}

const toCounters = (rules: readonly LeveledRule[], caller: string, network: string): readonly Counter[] => {
  const who = { caller, network, all: '' }
  return rules.map(({ limit, windowMs, level, counts, keyPrefix }) => ({
    key: keyPrefix + who[counts],
    level,
    isOfMint: levels[level].isOfMint,
    limit,
    windowMs,
  }))
}

function readUsages(store: LimitStore, rules: readonly LeveledRule[]): readonly RuleUsage[] {
  const { usages } = store.peek(toCounters(rules, '', ''))
  return rules.map(({ limit, windowMs }, index) => {
    const { remaining = limit } = usages[index] ?? {}
    return { limit, windowMs, used: limit - remaining }
  })
}

export function createLimits({ store, perAddress, perCaller, total, toPseudonym }: LimitsOptions): Limits {
  const ofAddress = toRuleSet(toKeyedRules('address', perAddress))
  const ofCaller = toKeyedRules('caller', perCaller)
  const ofAll = toLeveledRules('total', total, { counts: 'all', part: 'all' })
  /** A preset lives as long as its revision of the file. */
  const ruleSets = new WeakMap<LimitedPreset, RuleSet>()

  function ruleSetOf(preset: LimitedPreset): RuleSet {
    const known = ruleSets.get(preset)
    if (known !== undefined) return known
    const { name, limits } = preset
    const ofPreset = toKeyedRules('preset_and_caller', limits.perCaller, `${name}:`)
    const ofPresetTotal = toLeveledRules('preset', limits.total, { counts: 'all', part: name })
    const ruleSet = toRuleSet([...ofCaller, ...ofPreset, ...ofPresetTotal, ...ofAll])
    ruleSets.set(preset, ruleSet)
    return ruleSet
  }

  async function count(rules: readonly LeveledRule[], caller: string, network = ''): Promise<LimitResult> {
    return toResult(rules, await store.take(toCounters(rules, caller, network)))
  }

  function countByAddress({ rules, rulesOfIpv6 }: RuleSet, address: string): Promise<LimitResult> {
    const caller = toPseudonym('address', address)
    const network = toNetwork(address)
    if (network === undefined) return count(rules, caller)
    return count(rulesOfIpv6, caller, toPseudonym('address', network))
  }

  return {
    isAvailable: () => store.available,
    countRequest: (address) => countByAddress(ofAddress, address),
    countMint: ({ preset, subject, address }) =>
      subject === null
        ? countByAddress(ruleSetOf(preset), address)
        : count(ruleSetOf(preset).rules, toPseudonym('caller', subject)),
    totals: () => readUsages(store, ofAll),
  }
}
