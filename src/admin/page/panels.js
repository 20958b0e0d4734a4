/** Counts by code, preset, caller and address. Each row is a filter. */
import { find, h, icon, render, svg } from './dom.js'
import { formatCount, formatMinute, formatSpan, shorten } from './format.js'
import { hasFilter } from './view.js'

/** @typedef {import('./api.js').Summary} Summary */
/** @typedef {import('./view.js').View} View */
/** @typedef {(name: string, value: string) => void} OnFilter */
/** @typedef {import('./details.js').OnPause} OnPause */

const SPARK_WIDTH = 96
const SPARK_HEIGHT = 20

/** Bars, as in the chart above. @param {readonly number[]} series @param {'refused' | 'failed'} outcome */
function toSpark(series, outcome) {
  const most = Math.max(1, ...series)
  const width = SPARK_WIDTH / series.length
  const bars = series.flatMap((count, index) => {
    if (count === 0) return []
    const height = Math.max(2, (count / most) * SPARK_HEIGHT)
    return [
      svg('rect', {
        x: index * width,
        y: SPARK_HEIGHT - height,
        width: Math.max(1, width - 0.5),
        height,
      }),
    ]
  })
  const viewBox = `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`
  return svg(
    'svg',
    { class: `spark ${outcome}`, viewBox, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...bars,
  )
}

/** @typedef {{ view: View, onFilter: OnFilter, onPause: OnPause }} Context */

/** @param {Context} context @param {string} name @param {string} value */
function toFilter({ view, onFilter }, name, value) {
  const isOn = hasFilter(view, name, value)
  return h(
    'button',
    {
      type: 'button',
      class: 'filter mono',
      'data-key': `${name}=${value}`,
      'aria-pressed': String(isOn),
      title: isOn ? `Remove the filter ${name} ${value}` : `Show only ${name} ${value}`,
      click: () => onFilter(name, value),
    },
    shorten(value),
  )
}

/** @param {Summary['codes'][number]} row @param {Context} context */
function toCode({ code, outcome, count, first, last, series, reasons }, context) {
  const { zone } = context.view
  const [top] = reasons
  const others = reasons.length - 1
  const isOwn = top?.reason && top.reason !== code
  const when = first === last ? `at ${formatMinute(first, zone)}` : formatSpan(first, last, zone)
  return h(
    'li',
    {},
    icon(outcome),
    toFilter(context, 'code', code),
    toSpark(series, outcome),
    h('span', { class: 'count' }, formatCount(count)),
    h(
      'p',
      { class: 'why' },
      isOwn && h('span', { class: 'mono' }, top.reason),
      isOwn && (others > 0 ? ` and ${others} more. ` : '. '),
      top?.meaning ?? '',
      h('span', { class: 'when' }, when),
    ),
  )
}

/** @param {Summary} summary @param {Context} context */
function showCodes({ codes }, context) {
  render(find('#codes', HTMLElement), [codes, context.view], () =>
    codes.length === 0
      ? h('p', { class: 'none' }, 'Nothing was refused, and nothing failed.')
      : h(
          'ul',
          { class: 'codes' },
          codes.map((row) => toCode(row, context)),
        ),
  )
}

/** @param {string} title @param {readonly HTMLElement[]} rows */
const toTable = (title, rows) =>
  h(
    'table',
    { class: 'counts' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        h('th', { scope: 'col' }, title),
        ['Issued', 'Refused', 'Failed'].map((text) => h('th', { scope: 'col', class: 'number' }, text)),
        h('td', { class: 'act' }),
      ),
    ),
    h('tbody', {}, rows),
  )

/** @param {'issued' | 'refused' | 'failed'} outcome @param {number} count */
const toCell = (outcome, count) =>
  h('td', { class: `number ${count === 0 ? 'zero' : outcome}` }, formatCount(count))

/** @param {{ issued: number, refused: number, failed: number }} row */
const toCells = ({ issued, refused, failed }) => [
  toCell('issued', issued),
  toCell('refused', refused),
  toCell('failed', failed),
]

/** @param {'preset' | 'caller'} scope @param {string} value @param {string} name @param {{ onPause: OnPause }} context */
const toPauseCell = (scope, value, name, { onPause }) =>
  h(
    'td',
    { class: 'act' },
    h(
      'button',
      {
        type: 'button',
        'data-key': `pause ${value}`,
        'aria-label': `Pause ${name} ${shorten(value)} …`,
        title: `Pause this ${name} …`,
        click: () => onPause(scope, value),
      },
      icon('paused'),
    ),
  )

/** @param {Summary} summary @param {Context} context */
function showPresets({ presets }, context) {
  const { view } = context
  render(find('#presets', HTMLElement), [presets, view], () => {
    if (presets.length === 0) return h('p', { class: 'none' }, 'No attempts.')
    const rows = presets.map((row) => {
      const { preset, failing_since: since } = row
      const name =
        preset === null ? h('span', { class: 'quiet' }, 'not recorded') : toFilter(context, 'preset', preset)
      const note =
        since !== null &&
        h('span', { class: 'failing' }, icon('failed'), `failing since ${formatMinute(since, view.zone)}`)
      const act =
        preset === null ? h('td', { class: 'act' }) : toPauseCell('preset', preset, 'preset', context)
      return h('tr', {}, h('th', { scope: 'row' }, name, note), toCells(row), act)
    })
    return toTable('Preset', rows)
  })
}

/** @param {'caller' | 'address'} name @param {Summary['callers']} rows @param {Context} context */
function showFrequent(name, rows, context) {
  render(find(`#${name}`, HTMLElement), [rows, context.view], () => {
    if (rows.length === 0)
      return h('p', { class: 'none' }, name === 'caller' ? 'No attempt has a known caller.' : 'No attempts.')
    const lines = rows.map((row) =>
      h(
        'tr',
        {},
        h(
          'th',
          { scope: 'row' },
          toFilter(context, name, row.pseudonym),
          h('span', { class: 'mono quiet' }, row.code),
        ),
        toCells(row),
        toPauseCell('caller', row.pseudonym, name, context),
      ),
    )
    return toTable(name === 'caller' ? 'Caller, most frequent code' : 'Address, most frequent code', lines)
  })
}

/** @param {Summary} summary @param {Context} context */
export function showPanels(summary, context) {
  showCodes(summary, context)
  showPresets(summary, context)
  showFrequent('caller', summary.callers, context)
  showFrequent('address', summary.addresses, context)
}
