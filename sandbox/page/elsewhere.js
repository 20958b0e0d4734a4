// A request from another origin: a frame without an origin of its own makes it.
import { element } from './dom.js'

/** @import { Exchange } from './page-types.ts' */

/**
 * @param {(exchange: Exchange) => void} onExchange
 * @returns {Promise<never>}
 */
export function askFromElsewhere(onExchange) {
  const started = performance.now()
  const frame = element('iframe', {
    sandbox: 'allow-scripts',
    src: '/demo/wrong-origin.html',
    hidden: true,
    title: 'A page of another origin',
  })
  return new Promise((_resolve, reject) => {
    /** @param {MessageEvent} event */
    function receive({ source, data }) {
      if (source !== frame.contentWindow) return
      removeEventListener('message', receive)
      frame.remove()
      /** @type {Exchange} */
      const exchange = {
        kind: 'exchange',
        request: {
          method: 'POST',
          url: '/v1/realtime/client_secrets',
          headers: [
            ['origin', 'null'],
            ['content-type', 'application/json'],
          ],
          body: '{}',
        },
        reply: null,
        error: String(data.error),
        ms: Math.round(performance.now() - started),
        upstream: null,
      }
      onExchange(exchange)
      reject(new Error(`All that the page’s JavaScript gets: ${data.error}`))
    }
    addEventListener('message', receive)
    document.body.append(frame)
  })
}
