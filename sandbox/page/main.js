// The demo page: one form, one result, and the failures.
import { createClient } from '/client.js'
import { offerSignIn, readToken } from './caller.js'
import { element, find } from './dom.js'
import { askFromElsewhere } from './elsewhere.js'
import { failures } from './failures.js'
import { buildForm } from './form.js'
import { createRecorder } from './recorder.js'
import { snippets } from './snippets.js'
import { addLesson, showBusy, showCancelled, showError, showSecret } from './status.js'
import { buildTabs } from './tabs.js'
import { connect } from './talk.js'
import { showTimeline } from './timeline.js'

/** @import { Ask, Changes, Failure, PageState, PresetInfo, Step } from './page-types.ts' */

const url = location.origin
const timeline = find('#timeline')
const connectButtons = [find('#talk'), find('#write')]
const cancel = find('#cancel')

/** @type {{ realtimeUrl: string, presets: readonly PresetInfo[], preset: PresetInfo | undefined, read: () => Changes, tab: number, running: AbortController | undefined }} */
const page = { realtimeUrl: '', presets: [], preset: undefined, read: () => ({}), tab: 0, running: undefined }

/** @param {readonly Step[]} steps */
const show = (steps) => showTimeline(timeline, steps)

/** @returns {Ask} */
const readAsk = () => ({ preset: page.preset?.name ?? '', ...page.read() })

const toSnippet = () =>
  snippets[page.tab]?.toText(readAsk(), url, readToken() !== undefined, page.realtimeUrl).trim() ?? ''

function showSnippet() {
  find('#snippet').textContent = toSnippet()
}

/** @param {PresetInfo} preset */
function choose(preset) {
  const { rows, read } = buildForm(preset)
  page.preset = preset
  page.read = read
  find('#inputs').replaceChildren(...rows)
  find('#fields').hidden = rows.length === 0
  showButtons()
  showSnippet()
}

/**
 * @param {PresetInfo} preset
 * @param {boolean} isFirst
 */
function toChoice(preset, isFirst) {
  const input = element('input', { type: 'radio', name: 'preset', value: preset.name, checked: isFirst })
  input.addEventListener('change', () => choose(preset))
  const facts = [preset.type, `${preset.expires_after_seconds} s`, preset.limit].filter((fact) => fact !== '')
  return element('label', { class: 'choice' }, [
    input,
    element('span', { class: 'title' }, [preset.name]),
    element('span', { class: 'facts' }, [facts.join(' · ')]),
    element('span', { class: 'text' }, [preset.description ?? '']),
  ])
}

/** One action at a time. */
function showButtons() {
  const isRunning = page.running !== undefined
  for (const button of document.querySelectorAll('#failures button, #submit')) {
    button.toggleAttribute('disabled', isRunning)
  }
  const isTranslation = page.preset?.type === 'translation'
  find('#no-connection').hidden = !isTranslation
  for (const button of connectButtons) button.toggleAttribute('disabled', isRunning || isTranslation)
  cancel.hidden = !isRunning
}

/**
 * Runs an action, with the button to cancel it. Resolves with false if it is cancelled.
 * @param {(signal: AbortSignal) => Promise<unknown>} action
 */
async function run(action) {
  const controller = new AbortController()
  page.running = controller
  showButtons()
  find('.result').scrollIntoView({ block: 'nearest' })
  showBusy()
  show([])
  try {
    await action(controller.signal)
  } catch (error) {
    if (controller.signal.aborted) showCancelled()
    else showError(error)
  } finally {
    page.running = undefined
    showButtons()
  }
  return !controller.signal.aborted
}

/**
 * @param {Ask} ask
 * @param {AbortSignal} signal
 * @param {ReturnType<typeof createRecorder>} [recorder]
 */
async function mint({ preset, ...changes }, signal, recorder = createRecorder(show)) {
  const client = createClient({ url, preset, token: readToken() }, recorder.environment)
  const secret = await client.secret({ signal, ...changes })
  showSecret(secret)
  return secret.value
}

/**
 * Mints and connects at once.
 * @param {'call' | 'socket'} kind
 * @param {AbortSignal} signal
 * @param {() => Promise<unknown>} [beforeConnecting]
 */
function mintAndConnect(kind, signal, beforeConnecting) {
  const recorder = createRecorder(show)
  const toSecret = async () => {
    const secret = await mint(readAsk(), signal, recorder)
    await beforeConnecting?.()
    return secret
  }
  const { fetch } = recorder.environment
  return connect(kind, { url: page.realtimeUrl, model: page.preset?.model ?? null, toSecret, fetch, signal })
}

/** @param {object} order */
const tellSandbox = (order) =>
  fetch('/demo/behaviour', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })

/**
 * Asks until the limit of a preset is reached.
 * @param {AbortSignal} signal
 */
async function exceedLimit(signal) {
  const limited = page.presets.find(({ limit }) => limit !== '')
  const ask = limited === undefined ? readAsk() : { preset: limited.name }
  const recorder = createRecorder(show)
  for (let count = 0; count < 100; count += 1) await mint(ask, signal, recorder)
}

/**
 * @param {Failure} failure
 * @param {AbortSignal} signal
 */
async function fail({ kind, order, change }, signal) {
  if (kind === 'origin') return askFromElsewhere((exchange) => show([exchange]))
  if (kind === 'limit') return exceedLimit(signal)
  if (kind === 'expired')
    return mintAndConnect('socket', signal, () => fetch('/demo/expire', { method: 'POST' }))
  if (order !== undefined) await tellSandbox(order)
  try {
    await mint(change?.(readAsk()) ?? readAsk(), signal)
  } finally {
    if (order !== undefined) await tellSandbox({ behaviour: { kind: 'normal' } })
  }
}

/** @param {Failure} failure */
async function demonstrate(failure) {
  if (await run((signal) => fail(failure, signal))) addLesson(failure.lesson)
}

/** @param {Failure} failure */
function toFailureItem(failure) {
  const button = element('button', { type: 'button' }, [
    element('span', { class: 'title' }, [failure.title]),
    element('span', { class: 'text' }, [failure.text]),
  ])
  button.addEventListener('click', () => void demonstrate(failure))
  return element('li', {}, [button])
}

/** @param {PageState} state */
function showState({ needs_token: needsToken, operations_url: operationsUrl }) {
  find('#anonymous').hidden = needsToken
  if (needsToken) offerSignIn()
  if (operationsUrl === null) return
  find('#operations').setAttribute('href', operationsUrl)
  find('#operations').hidden = false
}

async function start() {
  /** @type {PageState} */
  const state = await (await fetch('/demo/state')).json()
  page.presets = state.presets
  page.realtimeUrl = state.realtime_url
  showState(state)
  find('#presets').replaceChildren(...page.presets.map((preset, index) => toChoice(preset, index === 0)))
  const [first] = page.presets
  if (first !== undefined) choose(first)
  find('#failures').append(...failures.map(toFailureItem))
  buildTabs((index) => {
    page.tab = index
    showSnippet()
  }, toSnippet)
  find('#ask').addEventListener('submit', (event) => {
    event.preventDefault()
    void run((signal) => mint(readAsk(), signal))
  })
  find('#ask').addEventListener('input', showSnippet)
  for (const [index, button] of connectButtons.entries()) {
    const kind = index === 0 ? 'call' : 'socket'
    button.addEventListener('click', () => void run((signal) => mintAndConnect(kind, signal)))
  }
  cancel.addEventListener('click', () => page.running?.abort())
}

await start()
