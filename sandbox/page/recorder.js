// A browser for the client that keeps every request, reply and wait, so that the page can show them.

/** @import { Exchange, Step } from './page-types.ts' */

/** @param {Headers} headers */
const toPairs = (headers) => [...headers].map(([name, value]) => /** @type {const} */ ([name, value]))

/**
 * What the sandbox got since `startedMs`, if anything.
 * @param {number} startedMs
 * @returns {Promise<string | null>}
 */
async function loadUpstream(startedMs) {
  const reply = await fetch('/demo/upstream')
  const { at, path, body } = await reply.json()
  return at >= startedMs ? `POST ${path}\n\n${JSON.stringify(JSON.parse(body), null, 2)}` : null
}

/** @param {(steps: readonly Step[]) => void} onChange */
export function createRecorder(onChange) {
  /** @type {Step[]} */
  const steps = []

  /**
   * @param {string} url
   * @param {RequestInit} init
   */
  async function record(url, init) {
    const startedMs = Date.now()
    const started = performance.now()
    const { pathname } = new URL(url, location.href)
    /** @type {Exchange['request']['headers']} */
    const headers = [['origin', location.origin], ...toPairs(new Headers(init.headers))]
    const request = {
      method: 'POST',
      url: pathname,
      headers,
      body: typeof init.body === 'string' ? init.body : '',
    }
    const index = steps.length
    /** @type {(facts: Partial<Exchange>) => void} */
    const show = (facts) => {
      steps[index] = {
        kind: 'exchange',
        request,
        reply: null,
        error: null,
        ms: null,
        upstream: null,
        ...facts,
      }
      onChange(steps)
    }
    show({})
    try {
      const response = await fetch(url, init)
      const body = await response.clone().text()
      const ms = Math.round(performance.now() - started)
      const reply = { status: response.status, headers: toPairs(response.headers), body }
      show({ reply, ms, upstream: await loadUpstream(startedMs) })
      return response
    } catch (error) {
      show({ error: String(error), ms: Math.round(performance.now() - started) })
      throw error
    }
  }

  return {
    steps,
    environment: {
      location,
      fetch: record,
      /** @type {(run: () => void, ms: number) => number} */
      setTimeout: (run, ms) => {
        if (ms > 0) {
          steps.push({ kind: 'wait', seconds: ms / 1000 })
          onChange(steps)
        }
        return setTimeout(run, ms)
      },
    },
  }
}
