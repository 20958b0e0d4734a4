/** A limit as an operator writes it: `10/minute`, or several at once, `10/minute,200/day`. */

export interface LimitRule {
  readonly limit: number
  readonly windowMs: number
}

const windowsMs: ReadonlyMap<string, number> = new Map([
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
])

const rule = /([1-9]\d{0,8})\/(second|minute|hour|day)/

/** One or more rules that parseRules accepts. */
export const rulesPattern = new RegExp(`^${rule.source}(?:\\s*,\\s*${rule.source})*$`)

function parseRule(text: string): LimitRule[] {
  const [, limit, window = ''] = rule.exec(text) ?? []
  const windowMs = windowsMs.get(window)
  return windowMs === undefined ? [] : [{ limit: Number(limit), windowMs }]
}

/** The unit in which an operator writes this window. */
export const toUnit = (windowMs: number): string =>
  [...windowsMs].find(([, ms]) => ms === windowMs)?.[0] ?? 'window'

/** Only the strictest of several rules for one window has an effect. */
function isNeeded({ limit, windowMs }: LimitRule, index: number, rules: readonly LimitRule[]): boolean {
  return rules.every(
    (other, at) =>
      other.windowMs !== windowMs || limit < other.limit || (limit === other.limit && index <= at),
  )
}

/** The rules in `text`, one per window. Undefined if one is not `<count>/<second|minute|hour|day>`. */
export function parseRules(text: string): readonly LimitRule[] | undefined {
  if (!rulesPattern.test(text.trim())) return undefined
  return text.split(',').flatMap(parseRule).filter(isNeeded)
}

/** As settings write them: `10/minute,200/day`. */
export const formatRules = (rules: readonly LimitRule[]): string =>
  rules.map(({ limit, windowMs }) => `${limit}/${toUnit(windowMs)}`).join(',')
