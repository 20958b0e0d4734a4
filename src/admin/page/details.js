/** One record with all its fields, what its reason means, and what to look at next. */
import { askAttempts } from './api.js'
import { createCommand, createCopy } from './copy.js'
import { findDialog, h, icon, toDialogHead } from './dom.js'
import { formatTime, toZoneName } from './format.js'
import { toText, toTitle } from './table.js'
import { toCommand } from './view.js'

/** @typedef {import('./api.js').Found} Found */
/** @typedef {import('./view.js').View} View */
/** @typedef {(scope: 'preset' | 'caller', value: string) => void} OnPause */

/** The fields that records can be filtered by, as questions. */
const questions = /** @type {const} */ ([
  ['caller', 'Only this caller'],
  ['address', 'Only this address'],
  ['preset', 'Only this preset'],
  ['code', 'Only this code'],
  ['reason', 'Only this reason'],
])

const zoneNames = /** @type {const} */ (['local', 'utc'])

/** In the seal of the line, not of interest here; they stay in the JSON. */
const hidden = new Set(['v', 'time', 'event', 'writer', 'seq', 'prev', 'mac'])

/** @param {unknown} value */
function toValue(value) {
  const text =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : JSON.stringify(value)
  return h('dd', { class: 'mono' }, text)
}

/** @param {object} record @param {string} [prefix] @returns {HTMLElement[]} */
function toFields(record, prefix = '') {
  return Object.entries(record).flatMap(([name, value]) => {
    if (hidden.has(name) || value === null || (Array.isArray(value) && value.length === 0)) return []
    if (typeof value === 'object' && !Array.isArray(value)) return toFields(value, `${prefix}${name}.`)
    return [h('dt', {}, `${prefix}${name}`), toValue(value)]
  })
}

/** In both zones, because logs are in UTC. @param {Found['record']} record */
function toTimes({ time }) {
  const ms = Date.parse(toText(time))
  const zones = toZoneName('local') === 'UTC' ? zoneNames.slice(1) : zoneNames
  return zones.map((zone) =>
    h('p', { class: 'quiet' }, `${formatTime('full', ms, zone)} ${toZoneName(zone)}`),
  )
}

/** The command that finds the record again. @param {Found} found @param {View} view */
function toRecordCommand({ record }, view) {
  const id = toText(record['request_id'])
  if (id !== '') return `realtime-mint audit query --request-id ${id} --json`
  const ms = Date.parse(toText(record['time']))
  return toCommand({ ...view, range: null, from: ms, to: ms + 1, filters: [['event', 'any']] })
}

/**
 * @param {Found} found
 * @param {{ dialog: HTMLDialogElement, view: View, onFilter: (name: string, value: string) => void, onPause: OnPause }} context
 */
function toBody(found, { dialog, view, onFilter, onPause }) {
  const { record, outcome, meaning } = found
  const title = [toTitle(found), toText(record['code'])].filter((text) => text !== '').join(': ')
  return [
    toDialogHead(dialog, outcome !== null && icon(outcome), title),
    h('div', {}, toTimes(record)),
    meaning !== null && h('p', { class: 'meaning' }, meaning),
    h(
      'div',
      { class: 'next' },
      questions.flatMap(([name, label]) => {
        const value = toText(record[name])
        if (value === '') return []
        return [h('button', { type: 'button', click: () => onFilter(name, value) }, label)]
      }),
      toPauseButtons(record, onPause),
    ),
    h('dl', { class: 'fields' }, toFields(record)),
    h('h3', {}, 'As a command'),
    createCommand(toRecordCommand(found, view)),
    h('h3', {}, 'As it is in the audit'),
    createCopy(JSON.stringify(record, null, 2), 'Copy the JSON'),
  ]
}

/** For what the record names: an anonymous caller has only an address. @param {Found['record']} record @param {OnPause} onPause */
function toPauseButtons({ caller, address, preset }, onPause) {
  const [who, label] = caller === null ? [address, 'Pause this address …'] : [caller, 'Pause this caller …']
  const buttons = /** @type {const} */ ([
    ['caller', who, label],
    ['preset', preset, 'Pause this preset …'],
  ])
  return buttons.flatMap(([scope, value, text]) =>
    typeof value === 'string'
      ? [h('button', { type: 'button', class: 'danger', click: () => onPause(scope, value) }, text)]
      : [],
  )
}

/** The record at a place in the audit. @param {string} id @param {AbortSignal} signal */
async function askRecord(id, signal) {
  const ms = Number(id.split('/')[0])
  if (!Number.isSafeInteger(ms) || Math.abs(ms) > 8e15) return undefined
  const query = new URLSearchParams({ event: 'any' })
  query.set('since', new Date(ms).toISOString())
  query.set('until', new Date(ms + 1).toISOString())
  query.set('limit', '200')
  const { records } = await askAttempts(query, signal)
  return records.find((found) => found.id === id)
}

/**
 * @param {{ onFilter: (name: string, value: string) => void, onPause: OnPause, onClose: () => void }} options
 */
export function createDetails({ onFilter, onPause, onClose }) {
  const dialog = findDialog('#record')
  dialog.addEventListener('close', onClose)
  let opened = ''

  return {
    /** Shows a record, or none. @param {View} view @param {readonly Found[]} known */
    async show(view, known) {
      const id = view.record
      if (id === null) {
        opened = ''
        if (dialog.open) dialog.close()
        return
      }
      if (id === opened) return
      opened = id
      const found =
        known.find((one) => one.id === id) ??
        (await askRecord(id, AbortSignal.timeout(10_000)).catch(() => undefined))
      if (opened !== id) return
      const missing = toDialogHead(dialog, 'This record is not in the audit any more.')
      const body = found === undefined ? [missing] : toBody(found, { dialog, view, onFilter, onPause })
      dialog.replaceChildren(h('div', { class: 'content' }, ...body))
      if (!dialog.open) dialog.showModal()
    },
  }
}
