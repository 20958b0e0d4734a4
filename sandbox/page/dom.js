// Builds elements. Text only ever becomes a text node.

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function find(selector) {
  const found = document.querySelector(selector)
  if (!(found instanceof HTMLElement)) throw new Error(`The page has no ${selector}`)
  return found
}

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Readonly<Record<string, string | boolean | undefined>>} [attributes] Absent if false or undefined.
 * @param {readonly (Node | string)[]} [children]
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, children = []) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children)
  return made
}

/**
 * A button that copies a text and says so.
 * @param {() => string} toText
 */
export function copyButton(toText) {
  const button = element('button', { type: 'button', class: 'copy' }, ['Copy'])
  /** @param {string} said */
  const say = (said) => {
    button.textContent = said
    setTimeout(() => (button.textContent = 'Copy'), 1500)
  }
  button.addEventListener('click', () => {
    // Browsers have no clipboard for pages that are neither https nor local.
    if (!isSecureContext) return say('Select it')
    navigator.clipboard.writeText(toText()).then(
      () => say('Copied'),
      () => say('Not allowed'),
    )
  })
  return button
}

/**
 * JSON with line breaks, or the text as it is.
 * @param {string} text
 */
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
