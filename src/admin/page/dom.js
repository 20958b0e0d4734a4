/** Builds the page from elements and text: no markup is ever parsed. */

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>} Props */

/**
 * The element of the page. Throws if it is missing.
 *
 * @template {Element} Type
 * @param {string} selector
 * @param {new () => Type} type
 * @returns {Type}
 */
export function find(selector, type) {
  const found = document.querySelector(selector)
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`)
  return found
}

/** @param {readonly (Child | readonly Child[])[]} children */
const toNodes = (children) =>
  children
    .flat()
    .flatMap((child) => (child === null || child === undefined || child === false ? [] : [child]))

/** @param {Element} element @param {Props} props */
function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
}

/**
 * A function as a property listens to the event of that name.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Props} [props]
 * @param {...(Child | readonly Child[])} children
 */
export function h(name, props = {}, ...children) {
  const element = document.createElement(name)
  setProps(element, props)
  element.append(...toNodes(children))
  return element
}

/**
 * @param {keyof SVGElementTagNameMap} name
 * @param {Props} [props]
 * @param {...SVGElement} children
 */
export function svg(name, props = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  setProps(element, props)
  element.append(...children)
  return element
}

const shapes = {
  issued: 'M3 8.5l3.2 3.2L13 4.8',
  refused: 'M3.5 8h9',
  failed: 'M4 4l8 8M12 4l-8 8',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
}

/**
 * Tells an outcome, or a state, by its shape.
 *
 * @param {keyof typeof shapes} shape
 */
export const icon = (shape) =>
  svg(
    'svg',
    { class: `icon ${shape}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: shapes[shape] }),
  )

/** The first line of a dialog, with a button that closes it. @param {HTMLDialogElement} dialog @param {...Child} title */
export const toDialogHead = (dialog, ...title) =>
  h(
    'header',
    {},
    h('h2', { id: `${dialog.id}-title` }, ...title),
    h(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close', click: () => dialog.close() },
      icon('failed'),
    ),
  )

/** A dialog that closes also when its backdrop is clicked, which is what is outside of its content. @param {string} selector */
export function findDialog(selector) {
  const dialog = find(selector, HTMLDialogElement)
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close()
  })
  return dialog
}

/** What each container shows. */
const shown = new WeakMap()

/**
 * Replaces what a container shows, but only if `data` differs from last time. The focus stays on the element with the
 * same `data-key`.
 *
 * @param {Element} container
 * @param {unknown} data
 * @param {() => Child | readonly Child[]} build
 */
export function render(container, data, build) {
  const text = JSON.stringify(data)
  if (shown.get(container) === text) return
  shown.set(container, text)
  const focused = document.activeElement
  const key = focused !== null && container.contains(focused) ? focused.getAttribute('data-key') : null
  container.replaceChildren(...toNodes([build()]))
  if (key === null) return
  const again = container.querySelector(`[data-key="${CSS.escape(key)}"]`)
  if (again instanceof HTMLElement) again.focus()
}

/** The color of a custom property, as a canvas takes it. @param {string} name */
export function readColor(name) {
  const probe = h('span')
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
