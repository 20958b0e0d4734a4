/** Times as operators write them. */
import { parseDuration } from '../duration.ts'

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
  const ago = parseDuration(text)
  const ms = ago === undefined ? parseIso(text) : now - ago
  return Number.isNaN(ms) ? undefined : ms
}
