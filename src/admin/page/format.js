/** Numbers, times and names as the page shows them. */

const numbers = new Intl.NumberFormat('en-US')

/** @param {number} count */
export const formatCount = (count) => numbers.format(count)

/** @typedef {'local' | 'utc'} Zone */

/** @param {Zone} zone */
const toTimeZone = (zone) => (zone === 'utc' ? 'UTC' : undefined)

const localZone = new Intl.DateTimeFormat().resolvedOptions().timeZone

/** @param {Zone} zone */
export const toZoneName = (zone) => (zone === 'utc' ? 'UTC' : localZone)

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const forms = {
  time: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  minute: { hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  dayMinute: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
  },
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map()

/** @param {keyof typeof forms} form @param {Zone} zone */
function toFormat(form, zone) {
  const key = `${form} ${zone}`
  const format =
    formats.get(key) ??
    new Intl.DateTimeFormat('en-GB', { ...forms[form], hourCycle: 'h23', timeZone: toTimeZone(zone) })
  formats.set(key, format)
  return format
}

/** @param {keyof typeof forms} form @param {number} ms @param {Zone} zone */
export const formatTime = (form, ms, zone) => toFormat(form, zone).format(ms)

/** @param {number} ms @param {Zone} zone */
const isToday = (ms, zone) => formatTime('day', ms, zone) === formatTime('day', Date.now(), zone)

/** The time, with the day if it is not today. @param {number} ms @param {Zone} zone */
export const formatWhen = (ms, zone) => formatTime(isToday(ms, zone) ? 'time' : 'dayMinute', ms, zone)

/** The same for counts, which are exact to the minute at best. @param {number} ms @param {Zone} zone */
export const formatMinute = (ms, zone) => formatTime(isToday(ms, zone) ? 'minute' : 'dayMinute', ms, zone)

/** @param {number} from @param {number} to @param {Zone} zone */
export const formatSpan = (from, to, zone) =>
  toFormat(isToday(from, zone) && isToday(to, zone) ? 'minute' : 'dayMinute', zone).formatRange(from, to)

/** Does not break within. @param {string} text */
export const toOneLine = (text) => text.replaceAll(' ', '\u00a0')

/** @type {readonly (readonly [number, string])[]} */
const units = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
]

/** `4 min`, from milliseconds. @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [size, unit] = units.find(([unitSize]) => seconds >= unitSize) ?? [1, 's']
  return `${formatCount(Math.floor(seconds / size))} ${unit}`
}

/** The beginning of a pseudonym or a revision is enough to recognize it. @param {string} text */
export const shorten = (text) => (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(text) ? text.slice(0, 8) : text)

/** As a field for date and time takes it. @param {number} ms @param {Zone} zone */
export function toFieldTime(ms, zone) {
  const shift = zone === 'utc' ? 0 : new Date(ms).getTimezoneOffset() * 60_000
  return new Date(ms - shift).toISOString().slice(0, 16)
}

/** Unix milliseconds; NaN if the field is empty. @param {string} text @param {Zone} zone */
export const fromFieldTime = (text, zone) => Date.parse(zone === 'utc' ? `${text}Z` : text)
