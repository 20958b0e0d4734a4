/** What is paused, first of all on the page, and how to end it. */
import { askToResume, describe } from './api.js'
import { createCommand } from './copy.js'
import { find, h, icon, render } from './dom.js'
import { formatDuration, formatWhen } from './format.js'
import { createPauseForm } from './pause-form.js'
import { toScopeOption } from './view.js'

/** @typedef {import('./api.js').State} State */
/** @typedef {State['pauses'][number]} Pause */
/** @typedef {import('./format.js').Zone} Zone */

/** @param {Pause} pause */
function toTitle({ scope, value }) {
  if (scope === 'all') return 'All minting is paused'
  return [`The ${scope} `, h('span', { class: 'mono' }, value), ' is paused']
}

/** @param {Pause} pause @param {number} now @param {Zone} zone */
function toTimes({ since, until, by }, now, zone) {
  const end =
    until === null
      ? 'without an end'
      : `until ${formatWhen(until, zone)}, for ${formatDuration(until - now)} more`
  return `Since ${formatWhen(since, zone)} by ${by}, ${end}`
}

/** @param {Pause} pause @param {(pause: Pause, button: HTMLButtonElement) => void} onResume */
function toItem(pause, onResume) {
  const button = h('button', { type: 'button', 'data-key': `${pause.scope} ${pause.value}` }, 'Resume')
  button.addEventListener('click', () => onResume(pause, button))
  const command = `realtime-mint resume ${toScopeOption(pause.scope, pause.value)}`
  return h(
    'li',
    {},
    icon('paused'),
    h(
      'div',
      {},
      h('p', { class: 'what' }, toTitle(pause)),
      h('p', { class: 'times quiet' }),
      pause.note !== null && h('p', { class: 'note' }, pause.note),
    ),
    button,
    h('details', {}, h('summary', {}, 'As command'), createCommand(command)),
  )
}

/** @param {{ onChanged: () => void }} options Called when something was paused or resumed. */
export function createPauses({ onChanged }) {
  const section = find('#pauses', HTMLElement)
  const list = find('#paused', HTMLElement)
  const notice = find('#pauses-notice', HTMLElement)
  const open = find('#pause-open', HTMLButtonElement)

  /** @param {string} text */
  function tell(text) {
    notice.textContent = text
    section.hidden = text === '' && list.childElementCount === 0
  }

  const form = createPauseForm({
    onPaused: (warning) => {
      tell(warning)
      onChanged()
    },
  })
  open.addEventListener('click', () => form.open())

  /** @param {Pause} pause @param {HTMLButtonElement} button */
  async function resume(pause, button) {
    button.disabled = true
    try {
      tell(await askToResume(pause))
      onChanged()
      open.focus()
    } catch (error) {
      tell(describe(error))
      button.disabled = false
    }
  }

  return {
    /** @param {State} state @param {Zone} zone */
    show({ pauses, now }, zone) {
      render(list, pauses, () =>
        pauses.map((pause) => toItem(pause, (one, button) => void resume(one, button))),
      )
      // Apart from the rest, so that an open command stays open.
      list.querySelectorAll('.times').forEach((element, index) => {
        const pause = pauses[index]
        if (pause !== undefined) element.textContent = toTimes(pause, now, zone)
      })
      section.hidden = pauses.length === 0 && notice.textContent === ''
    },
    /** Asks for the rest of a pause. @param {Pause['scope']} scope @param {string} value */
    ask: (scope, value) => form.open(scope, value),
  }
}
