/** Text with a button that copies it. */
import { h } from './dom.js'

const SHOWN_MS = 2_000

/** Pages that are neither https nor on this machine have no clipboard: there the text is selected. @param {HTMLElement} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text.textContent ?? '')
    return 'Copied'
  } catch {
    getSelection()?.selectAllChildren(text)
    return 'Selected: copy it with the keyboard'
  }
}

/** A command, and how to run it from a checkout. @param {string} command */
export function createCommand(command) {
  const element = createCopy(command, 'Copy the command')
  element.append(h('p', { class: 'quiet' }, 'From a checkout, put npm exec -- before it.'))
  return element
}

/** @param {string} text @param {string} label */
export function createCopy(text, label) {
  // A command breaks before an option, and not within.
  const parts = text.includes('\n') ? [text] : text.split(/(?<= )(?=--)/)
  const code = h(
    'pre',
    { tabindex: 0 },
    parts.map((part) => h('span', {}, part)),
  )
  const button = h('button', { type: 'button', 'aria-live': 'polite', click: () => void run() }, label)
  async function run() {
    button.textContent = await copy(code)
    setTimeout(() => {
      button.textContent = label
    }, SHOWN_MS)
  }
  return h('div', { class: 'copy' }, code, button)
}
