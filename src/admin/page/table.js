/** The records, newest first, a page at a time. */
import { find, h, icon, render } from './dom.js'
import { formatCount, formatTime, shorten, toZoneName } from './format.js'

/** @typedef {import('./api.js').Found} Found */
/** @typedef {import('./api.js').Attempts} Attempts */
/** @typedef {import('./view.js').View} View */

/** @param {unknown} value */
export const toText = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

/** @param {Found['record']} record @param {string} name */
function toUpstream({ upstream }, name) {
  if (typeof upstream !== 'object' || upstream === null) return ''
  return toText(Object.entries(upstream).find(([one]) => one === name)?.[1])
}

/** @param {Found} found */
export const toTitle = ({ outcome, record: { event, count } }) =>
  event === 'refusals' ? `${outcome} × ${formatCount(Number(count))}` : (outcome ?? toText(event))

/** @param {number} ms @param {View['zone']} zone */
const toTime = (ms, zone) =>
  h(
    'span',
    { class: 'when' },
    h('span', { class: 'day' }, formatTime('day', ms, zone)),
    ' ',
    formatTime('time', ms, zone),
  )

/** @param {Found} found @param {{ view: View, onOpen: (id: string) => void }} context */
function toRow(found, { view, onOpen }) {
  const { id, outcome, record } = found
  const ms = Date.parse(toText(record['time']))
  const cells = [
    ['code', toText(record['code'])],
    ['reason', toText(record['reason'])],
    ['status', toText(record['status'])],
    ['preset', toText(record['preset'])],
    ['origin', toText(record['origin']).replace(/^https?:\/\//, '')],
    ['caller', shorten(toText(record['caller']))],
    ['address', shorten(toText(record['address']))],
    ['upstream', toUpstream(record, 'status')],
    ['ms', typeof record['ms'] === 'number' ? formatCount(record['ms']) : ''],
  ]
  return h(
    'tr',
    { class: outcome, click: () => onOpen(id) },
    h(
      'th',
      { scope: 'row' },
      h(
        'button',
        { type: 'button', 'data-key': id, title: 'Show the whole record', 'aria-haspopup': 'dialog' },
        toTime(ms, view.zone),
      ),
    ),
    h('td', { class: 'outcome' }, outcome !== null && icon(outcome), toTitle(found)),
    cells.map(([name = '', text = '']) =>
      h('td', { class: name, title: text.length > 16 ? text : null }, text),
    ),
  )
}

/** @type {readonly (readonly [name: string, title: string])[]} */
const heads = [
  ['outcome', 'Outcome'],
  ['code', 'Code'],
  ['reason', 'Reason'],
  ['status', 'Status'],
  ['preset', 'Preset'],
  ['origin', 'Origin'],
  ['caller', 'Caller'],
  ['address', 'Address'],
  ['upstream', 'OpenAI'],
  ['ms', 'ms'],
]

/** @param {View} view @param {(range: string) => void} onRange */
function toEmpty({ filters, range }, onRange) {
  const longer = h('button', { type: 'button', click: () => onRange('30d') }, 'Show the last 30 days')
  return h(
    'div',
    { class: 'empty' },
    h(
      'p',
      {},
      filters.length === 0 ? 'No attempts in this span.' : 'No record in this span matches the filters.',
    ),
    range === '30d'
      ? h('p', { class: 'quiet' }, 'A request to the service makes a record within a second.')
      : longer,
  )
}

/**
 * @param {Attempts} attempts
 * @param {{ view: View, onOpen: (id: string) => void, onRange: (range: string) => void }} context
 */
export function showTable({ records, skipped_lines: skipped }, context) {
  const { view, onRange } = context
  render(find('#records', HTMLElement), [records, skipped, view], () => {
    if (records.length === 0) return toEmpty(view, onRange)
    return [
      h(
        'table',
        {},
        h('caption', { class: 'unseen' }, 'Records, newest first'),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, `Time, ${toZoneName(view.zone)}`),
            heads.map(([name, title]) => h('th', { scope: 'col', class: name }, title)),
          ),
        ),
        h(
          'tbody',
          {},
          records.map((found) => toRow(found, context)),
        ),
      ),
      skipped > 0 &&
        h(
          'p',
          { class: 'none' },
          `${formatCount(skipped)} lines are incomplete or no records. Run realtime-mint audit verify.`,
        ),
    ]
  })
}
