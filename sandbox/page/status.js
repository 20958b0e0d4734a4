// The line above the timeline: the secret and its countdown, or why there is none.
import { copyButton, element, find } from './dom.js'

/** @import { MintError } from '/client.js' */
/** @import { Secret } from '../../src/client/client-types.ts' */

const status = find('#status')
const flow = find('#flow')
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticking

/**
 * Which part of the way is working, worked or failed.
 * @param {'idle' | 'busy' | 'good' | 'bad'} mint
 * @param {'idle' | 'busy' | 'good' | 'bad'} upstream
 */
export function showFlow(mint, upstream) {
  flow.dataset['mint'] = mint
  flow.dataset['upstream'] = upstream
}

/** @param {readonly (Node | string)[]} children */
function show(...children) {
  delete status.dataset['state']
  clearInterval(ticking)
  status.replaceChildren(...children)
}

export function showBusy() {
  const started = performance.now()
  const time = element('span', { class: 'time', 'aria-hidden': 'true' })
  show(
    element('p', { class: 'busy' }, [element('span', { class: 'dot' }), 'Waiting for the service… ', time]),
  )
  ticking = setInterval(() => {
    time.textContent = `${((performance.now() - started) / 1000).toFixed(1)} s`
  }, 100)
  showFlow('busy', 'busy')
}

/** @param {Secret} secret */
export function showSecret({ value, expiresAt }) {
  const total = Math.max(1, expiresAt - Date.now() / 1000)
  const left = element('strong', { class: 'remaining' })
  const bar = element('progress', { max: String(total), 'aria-label': 'Time until the secret expires' })
  const hint = element('span', {}, [' left to start a session with it. A running session is not cut off.'])
  show(
    element('div', { class: 'secret' }, [element('code', {}, [value]), copyButton(() => value)]),
    bar,
    element('p', { class: 'countdown', 'aria-live': 'off' }, [left, hint]),
  )
  function tick() {
    const seconds = Math.max(0, Math.ceil(expiresAt - Date.now() / 1000))
    bar.value = expiresAt - Date.now() / 1000
    left.textContent = `${seconds} s`
    if (seconds > 0) return
    clearInterval(ticking)
    status.dataset['state'] = 'expired'
    left.textContent = 'Expired.'
    hint.textContent = ' OpenAI refuses it now. Get a secret right before you connect.'
  }
  status.dataset['state'] = 'secret'
  ticking = setInterval(tick, 250)
  tick()
  showFlow('good', 'good')
}

/**
 * @param {unknown} error
 * @returns {error is MintError}
 */
const isMintError = (error) => error instanceof Error && error.name === 'MintError'

/** @param {unknown} error */
export function showError(error) {
  const facts = isMintError(error) ? error : null
  const pairs = Object.entries({
    code: facts?.code,
    status: facts?.status,
    param: facts?.param,
    retryAfter: facts?.retryAfter,
    requestId: facts?.requestId,
  }).filter(([, value]) => value !== null && value !== undefined)
  show(
    element('p', { class: 'failed' }, [error instanceof Error ? error.message : String(error)]),
    element(
      'dl',
      { class: 'facts' },
      pairs.map(([name, value]) =>
        element('div', {}, [element('dt', {}, [name]), element('dd', {}, [String(value)])]),
      ),
    ),
  )
  status.dataset['state'] = 'failed'
  // The mint has worked.
  if (error instanceof Error && error.name === 'ConnectionError') return showFlow('good', 'good')
  const isUpstream = facts?.code.startsWith('upstream_') === true
  showFlow(isUpstream ? 'good' : 'bad', isUpstream ? 'bad' : 'idle')
}

export function showCancelled() {
  show(element('p', { class: 'empty' }, ['Cancelled. The client aborted the request.']))
  showFlow('idle', 'idle')
}

/** @param {string} lesson */
export function addLesson(lesson) {
  status.append(element('p', { class: 'lesson' }, [lesson]))
}
