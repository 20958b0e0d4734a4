// Shows what was sent and received, in order.
import { copyButton, element, pretty } from './dom.js'

/** @import { Exchange, Step } from './page-types.ts' */

/** Headers that the page can read, or that say what happened. The rest is noise here. */
const hidden = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding'])

/** @param {Exchange['request']['headers']} headers */
const toLines = (headers) =>
  headers
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')

/**
 * @param {string} title
 * @param {string} text
 */
const part = (title, text) =>
  element('figure', { class: 'message' }, [
    element('figcaption', {}, [title, copyButton(() => text)]),
    element('pre', { tabindex: '0' }, [text]),
  ])

/** @param {Exchange} exchange */
function toOutcome({ reply, error }) {
  if (reply !== null) return { text: String(reply.status), kind: reply.status < 400 ? 'good' : 'bad' }
  return error === null ? { text: '…', kind: 'open' } : { text: 'no reply', kind: 'bad' }
}

/** @param {Exchange} exchange */
function toParts({ request, reply, error, upstream }) {
  const first = `${request.method} ${request.url} HTTP/1.1\n${toLines(request.headers)}\n\n${pretty(request.body)}`
  /** @type {HTMLElement[]} */
  const parts = [part('Request', first)]
  if (reply !== null) {
    parts.push(part('Reply', `HTTP/1.1 ${reply.status}\n${toLines(reply.headers)}\n\n${pretty(reply.body)}`))
  }
  if (error !== null) parts.push(part('What JavaScript gets', error))
  if (upstream === null) return parts
  const sent = part('The session is the preset’s. The API key is in a header.', upstream)
  return [
    ...parts,
    element('details', { class: 'more' }, [element('summary', {}, ['What OpenAI gets']), sent]),
  ]
}

/**
 * @param {Exchange} exchange
 * @param {boolean} isOpen
 */
function toExchangeItem(exchange, isOpen) {
  const outcome = toOutcome(exchange)
  const time = exchange.ms === null ? '' : `${exchange.ms} ms`
  return element('li', { class: 'step' }, [
    element('details', { class: 'exchange', open: isOpen }, [
      element('summary', {}, [
        element('span', { class: `code ${outcome.kind}` }, [outcome.text]),
        element('span', { class: 'path' }, [`${exchange.request.method} ${exchange.request.url}`]),
        element('span', { class: 'time' }, [time]),
      ]),
      ...toParts(exchange),
    ]),
  ])
}

/** @param {number} seconds */
const toWaitItem = (seconds) =>
  element('li', { class: 'step wait' }, [`The client waits for ${seconds} s, as Retry-After says.`])

/**
 * @param {HTMLElement} list
 * @param {readonly Step[]} steps
 */
export function showTimeline(list, steps) {
  const items = steps.map((step, index) =>
    step.kind === 'wait' ? toWaitItem(step.seconds) : toExchangeItem(step, index === steps.length - 1),
  )
  list.replaceChildren(...items)
}
