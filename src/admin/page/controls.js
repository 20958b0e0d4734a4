/** The span, the filters and the zone: what the operator chooses. */
import { createCommand } from './copy.js'
import { find, h, render } from './dom.js'
import { formatSpan, fromFieldTime, shorten, toFieldTime, toZoneName } from './format.js'
import { fields, hasFilter, ranges, toCommand, toggleFilter, toQuery, toSpan } from './view.js'

/** @typedef {import('./view.js').View} View */
/** @typedef {(view: View) => void} OnView */

/** @param {View} view @param {OnView} onView */
function showRanges(view, onView) {
  render(find('#ranges', HTMLElement), [view.range], () =>
    ranges.map(({ range, label }) =>
      h(
        'button',
        {
          type: 'button',
          'data-key': range,
          'aria-pressed': String(view.range === range),
          click: () => onView({ ...view, range, record: null }),
        },
        label,
      ),
    ),
  )
}

/** In both zones, because alerts and logs are in UTC. @param {View} view */
function showSpan(view) {
  const [from, to] = toSpan(view)
  const other = view.zone === 'utc' ? 'local' : 'utc'
  /** @param {View['zone']} zone */
  const toText = (zone) => `${formatSpan(from, to, zone)} ${toZoneName(zone)}`
  const isSame = toZoneName('local') === 'UTC'
  find('#span', HTMLElement).textContent = isSame ? toText('utc') : `${toText(view.zone)} · ${toText(other)}`
}

/** @param {View} view @param {OnView} onView */
function showChips(view, onView) {
  render(find('#chips', HTMLElement), [view.filters], () =>
    view.filters.map(([name, value]) => {
      const label = fields.find((field) => field.name === name)?.label ?? name
      return h(
        'button',
        {
          type: 'button',
          class: 'chip',
          'data-key': `${name}=${value}`,
          'aria-label': `Remove the filter ${label} ${value}`,
          click: () => onView(toggleFilter(view, name, value)),
        },
        h('span', { class: 'quiet' }, label),
        ' ',
        h('span', { class: 'mono' }, shorten(value)),
        h('span', { class: 'remove', 'aria-hidden': 'true' }, '×'),
      )
    }),
  )
}

/** A list of values where they are known. @param {string} name */
function showValue(name) {
  const field = fields.find((one) => one.name === name)
  const container = find('#filter-value', HTMLElement)
  render(container, name, () =>
    field?.values === undefined
      ? h('input', {
          name: 'value',
          required: true,
          'aria-label': 'Value',
          placeholder: field?.hint ?? 'Value',
          list: `known-${name}`,
          autocomplete: 'off',
          spellcheck: 'false',
        })
      : h(
          'select',
          { name: 'value', 'aria-label': 'Value' },
          field.values.map((value) => h('option', {}, value)),
        ),
  )
}

/** @param {() => View} toView @param {OnView} onView */
function listenToFilters(toView, onView) {
  const name = find('#filter-name', HTMLSelectElement)
  name.replaceChildren(...fields.map((field) => h('option', { value: field.name }, field.label)))
  name.addEventListener('change', () => showValue(name.value))
  showValue(name.value)
  const form = find('#filter', HTMLFormElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const value = new FormData(form).get('value')
    if (typeof value !== 'string' || value.trim() === '') return
    const view = toView()
    if (!hasFilter(view, name.value, value.trim())) onView(toggleFilter(view, name.value, value.trim()))
    for (const input of form.querySelectorAll('input')) input.value = ''
  })
}

/** @param {() => View} toView @param {OnView} onView */
function listenToSpan(toView, onView) {
  const from = find('#from', HTMLInputElement)
  const to = find('#to', HTMLInputElement)
  find('#custom', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    const view = toView()
    const [start, end] = [from, to].map(({ value }) => fromFieldTime(value, view.zone))
    const isSpan = start !== undefined && end !== undefined && start < end
    to.setCustomValidity(isSpan ? '' : 'The end must be after the start.')
    if (!isSpan) {
      to.reportValidity()
      return
    }
    find('#custom-span', HTMLDetailsElement).open = false
    onView({ ...view, range: null, from: start, to: end, record: null })
  })
  to.addEventListener('input', () => to.setCustomValidity(''))
  find('#custom-span', HTMLDetailsElement).addEventListener('toggle', () => {
    const { zone } = toView()
    const [start, end] = toSpan(toView())
    from.value = toFieldTime(start, zone)
    to.value = toFieldTime(end, zone)
    find('#custom-zone', HTMLElement).textContent = `In ${toZoneName(zone)}`
  })
}

/** @param {import('./api.js').Summary} summary */
export function showKnownValues({ codes, presets, callers, addresses }) {
  const known = {
    code: codes.map(({ code }) => code),
    reason: codes.flatMap(({ reasons }) => reasons.flatMap(({ reason }) => reason ?? [])),
    preset: presets.flatMap(({ preset }) => preset ?? []),
    caller: callers.map(({ pseudonym }) => pseudonym),
    address: addresses.map(({ pseudonym }) => pseudonym),
  }
  render(find('#known', HTMLElement), known, () =>
    Object.entries(known).map(([name, values]) =>
      h(
        'datalist',
        { id: `known-${name}` },
        [...new Set(values)].map((value) => h('option', { value })),
      ),
    ),
  )
}

/** @param {{ toView: () => View, onView: OnView }} options */
export function createControls({ toView, onView }) {
  listenToFilters(toView, onView)
  listenToSpan(toView, onView)
  const zone = find('#zone', HTMLSelectElement)
  zone.replaceChildren(
    h('option', { value: 'local' }, toZoneName('local')),
    h('option', { value: 'utc' }, 'UTC'),
  )
  zone.addEventListener('change', () => onView({ ...toView(), zone: zone.value === 'utc' ? 'utc' : 'local' }))

  return {
    /** @param {View} view */
    show(view) {
      showRanges(view, onView)
      showSpan(view)
      showChips(view, onView)
      zone.value = view.zone
      find('#custom-span', HTMLDetailsElement).classList.toggle('active', view.range === null)
      find('#csv', HTMLAnchorElement).href = `api/attempts.csv?${toQuery(view)}`
      render(find('#command', HTMLElement), toCommand(view), () => createCommand(toCommand(view)))
    },
  }
}
