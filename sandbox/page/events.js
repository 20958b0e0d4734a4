// The list of events of a connection: what was sent and received, newest last.
import { element } from './dom.js'

/** @import { RealtimeEvent } from './page-types.ts' */

/** Older ones are dropped. */
const MAX_EVENTS = 200

/** @param {HTMLElement} list */
export function createEventList(list) {
  list.replaceChildren()
  /** @type {{ type: string, count: number, label: HTMLElement, text: HTMLElement } | undefined} */
  let last

  /** @param {RealtimeEvent} event */
  function repeat(event) {
    if (last?.type !== event.type || !event.type.endsWith('.delta')) return false
    last.count += 1
    last.label.textContent = `× ${last.count}`
    last.text.textContent += `\n${JSON.stringify(event, null, 2)}`
    return true
  }

  return {
    /**
     * @param {'sent' | 'received'} direction
     * @param {RealtimeEvent} event
     */
    add: (direction, event) => {
      if (direction === 'received' && repeat(event)) return
      const label = element('span', { class: 'time' })
      const text = element('pre', { tabindex: '0' }, [JSON.stringify(event, null, 2)])
      const isBad = event.type === 'error'
      list.append(
        element('li', { class: 'step' }, [
          element('details', { class: 'exchange' }, [
            element('summary', {}, [
              element('span', { class: `direction ${direction}` }, [direction]),
              element('span', { class: `path${isBad ? ' code bad' : ''}` }, [event.type]),
              label,
            ]),
            text,
          ]),
        ]),
      )
      last = { type: event.type, count: 1, label, text }
      if (list.childElementCount > MAX_EVENTS) list.firstElementChild?.remove()
      list.scrollTop = list.scrollHeight
    },
  }
}
