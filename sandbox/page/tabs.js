// The tabs of the code: one for each language or library.
import { copyButton, element, find } from './dom.js'
import { snippets } from './snippets.js'

/**
 * @param {(index: number) => void} onSelect
 * @param {() => string} toText What the copy button copies.
 */
export function buildTabs(onSelect, toText) {
  const tabs = snippets.map(({ name }, index) =>
    element('button', { type: 'button', role: 'tab', id: `tab-${index}`, 'aria-controls': 'snippet' }, [
      name,
    ]),
  )
  /** @param {number} index */
  function select(index) {
    for (const [at, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(at === index))
      tab.tabIndex = at === index ? 0 : -1
    }
    find('#snippet').setAttribute('aria-labelledby', `tab-${index}`)
    onSelect(index)
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(index))
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0
      if (step === 0) return
      const next = (index + step + tabs.length) % tabs.length
      select(next)
      tabs[next]?.focus()
    })
  }
  find('#tabs').append(...tabs)
  find('#copy-code').append(copyButton(toText))
  select(0)
}
