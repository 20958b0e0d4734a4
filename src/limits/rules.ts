/** A limit as an operator writes it: `10/minute`, or several at once, `10/minute,200/day`. */

export interface LimitRule {
  readonly limit: number
  readonly windowMs: number
}

const windowsMs = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const rulePattern = /^([1-9]\d{0,8})\/(second|minute|hour|day)$/

const isWindow = (name: string | undefined): name is keyof typeof windowsMs =>
  name !== undefined && Object.hasOwn(windowsMs, name)

function parseRule(text: string): LimitRule | undefined {
  const [, limit, window] = rulePattern.exec(text) ?? []
  return isWindow(window) ? { limit: Number(limit), windowMs: windowsMs[window] } : undefined
}

/** The word for a rule's window. */
export const toUnit = (windowMs: number): string =>
  Object.entries(windowsMs).find(([, ms]) => ms === windowMs)?.[0] ?? 'window'

/** The rules in `text`, or undefined where one of them is not `<count>/<second|minute|hour|day>`. */
export function parseRules(text: string): readonly LimitRule[] | undefined {
  const rules = text.split(',').map((part) => parseRule(part.trim()))
  return rules.every((rule) => rule !== undefined) ? rules : undefined
}
