/** Times as operators write them. */

const unitsMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const instant = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** Date.parse() takes February 30 for a day in March. */
const isDay = (day: string): boolean => new Date(day).toJSON()?.startsWith(day) ?? false

function parseIso(text: string): number {
  const [found, day, time, zone] = instant.exec(text) ?? []
  if (found === undefined || day === undefined || !isDay(day)) return Number.NaN
  return Date.parse(time === undefined || zone !== undefined ? found : `${found}Z`)
}

/**
 * Unix milliseconds of `15m`, `7d` (before `now`), or of an ISO 8601 time; undefined if it is neither. Times without a
 * zone are UTC, as in the records.
 */
export function parseInstant(text: string, now: number): number | undefined {
  const [, count, unit = ''] = /^(\d{1,5})([smhdw])$/.exec(text) ?? []
  const ms = count === undefined ? parseIso(text) : now - Number(count) * (unitsMs[unit] ?? 0)
  return Number.isNaN(ms) ? undefined : ms
}
