/** What the page shows: the span, the filters and the open record. It is kept in the URL, so that it can be shared. */

/** @typedef {import('./format.js').Zone} Zone */

const MINUTE_MS = 60_000

/** The spans that end now. */
export const ranges = [
  { range: '15m', label: '15 min', ms: 15 * MINUTE_MS },
  { range: '1h', label: '1 h', ms: 60 * MINUTE_MS },
  { range: '6h', label: '6 h', ms: 360 * MINUTE_MS },
  { range: '24h', label: '24 h', ms: 1_440 * MINUTE_MS },
  { range: '7d', label: '7 d', ms: 7 * 1_440 * MINUTE_MS },
  { range: '30d', label: '30 d', ms: 30 * 1_440 * MINUTE_MS },
]

const DEFAULT_RANGE = '1h'

/** The filters of the listener, with the names that people read. */
export const fields = [
  { name: 'outcome', label: 'Outcome', values: ['issued', 'refused', 'failed'] },
  { name: 'code', label: 'Code' },
  { name: 'reason', label: 'Reason' },
  { name: 'preset', label: 'Preset' },
  { name: 'origin', label: 'Origin' },
  { name: 'caller', label: 'Caller', hint: 'Name or pseudonym' },
  { name: 'address', label: 'Address', hint: 'IP address or pseudonym' },
  { name: 'status', label: 'HTTP status', hint: 'Such as 429' },
  { name: 'request_id', label: 'Request id', hint: 'Or its beginning' },
  { name: 'secret', label: 'Secret', hint: 'Fingerprint, not the secret' },
  {
    name: 'event',
    label: 'Event',
    values: [
      'any',
      'attempt',
      'refusals',
      'open',
      'close',
      'config',
      'key',
      'store',
      'pause',
      'gap',
      'recovered',
      'removed',
      'heartbeat',
    ],
  },
]

/**
 * @typedef {object} View
 * @property {string | null} range One of `ranges`; null if there is a span.
 * @property {number} from Unix milliseconds, if there is no range.
 * @property {number} to Unix milliseconds, if there is no range.
 * @property {readonly (readonly [name: string, value: string])[]} filters
 * @property {Zone} zone
 * @property {string | null} record
 */

/** @param {URLSearchParams} params @returns {View} */
export function parseView(params) {
  const [from, to] = [params.get('from'), params.get('to')].map((text) => Date.parse(text ?? ''))
  const hasSpan = from !== undefined && to !== undefined && from < to
  const range = ranges.find((one) => one.range === params.get('range'))?.range ?? DEFAULT_RANGE
  return {
    range: hasSpan ? null : range,
    from: hasSpan ? from : 0,
    to: hasSpan ? to : 0,
    filters: [...params].filter(
      ([name, value]) => value !== '' && fields.some((field) => field.name === name),
    ),
    zone: params.get('zone') === 'utc' ? 'utc' : 'local',
    record: params.get('record'),
  }
}

/** @param {View} view */
export function toUrl({ range, from, to, filters, zone, record }) {
  const params = new URLSearchParams()
  if (range === null) {
    params.set('from', new Date(from).toISOString())
    params.set('to', new Date(to).toISOString())
  } else params.set('range', range)
  for (const [name, value] of filters) params.append(name, value)
  if (zone === 'utc') params.set('zone', zone)
  if (record !== null) params.set('record', record)
  return `?${params}`
}

/** The span in Unix milliseconds, as it is now. @param {View} view @returns {readonly [from: number, to: number]} */
export function toSpan({ range, from, to }) {
  const ms = ranges.find((one) => one.range === range)?.ms
  return ms === undefined ? [from, to] : [Date.now() - ms, Date.now()]
}

/** For the listener. @param {View} view */
export function toQuery({ range, from, to, filters }) {
  const params = new URLSearchParams(filters.map(([name, value]) => [name, value]))
  if (range === null) {
    params.set('since', new Date(from).toISOString())
    params.set('until', new Date(to).toISOString())
  } else params.set('since', range)
  return params
}

/** @param {View} view @param {string} name @param {string} value */
export const hasFilter = ({ filters }, name, value) =>
  filters.some(([one, other]) => one === name && other === value)

/** Adds a filter, or removes it if it is there. @param {View} view @param {string} name @param {string} value @returns {View} */
export function toggleFilter(view, name, value) {
  const others = view.filters.filter(([one, other]) => one !== name || other !== value)
  return {
    ...view,
    record: null,
    filters: hasFilter(view, name, value) ? others : [...others, [name, value]],
  }
}

/** What the listener lists without a filter by event. @type {View['filters']} */
const attemptEvents = [
  ['event', 'attempt'],
  ['event', 'refusals'],
]

/** @param {string} text */
export const quote = (text) => (/^[\w.:/@=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

/** As the commands take it. @param {string} scope @param {string | null} value */
export const toScopeOption = (scope, value) => (value === null ? `--${scope}` : `--${scope} ${quote(value)}`)

/** The command that lists the same records; without an event, any. @param {View} view */
export function toCommand(view) {
  const isEvent = view.filters.some(([name]) => name === 'event')
  const wanted = [...toQuery({ ...view, filters: isEvent ? [] : attemptEvents }), ...view.filters]
  const words = wanted
    .filter(([name]) => name !== 'event' || !hasFilter(view, 'event', 'any'))
    .map(([name, value]) => `--${name.replace('_', '-')} ${quote(value)}`)
  return ['realtime-mint audit query', ...words].join(' ')
}
