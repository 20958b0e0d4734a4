// The demo page: one form, one result, and the failures.
import { createClient } from '/client.js'
import { offerSignIn, readToken } from './caller.js'
import { copyButton, element, find } from './dom.js'
import { failures } from './failures.js'
import { buildForm } from './form.js'
import { createRecorder } from './recorder.js'
import { snippets } from './snippets.js'
import { addLesson, showBusy, showCancelled, showError, showSecret } from './status.js'
import { showTimeline } from './timeline.js'

/** @import { Ask, Changes, Exchange, Failure, PageState, PresetInfo, Step } from './page-types.ts' */

const url = location.origin
const timeline = find('#timeline')
const submit = find('#submit')
const cancel = find('#cancel')

/** @type {{ presets: readonly PresetInfo[], preset: PresetInfo | undefined, read: () => Changes, tab: number, running: AbortController | undefined }} */
const page = { presets: [], preset: undefined, read: () => ({}), tab: 0, running: undefined }

/** @param {readonly Step[]} steps */
const show = (steps) => showTimeline(timeline, steps)

/** @returns {Ask} */
const readAsk = () => ({ preset: page.preset?.name ?? '', ...page.read() })

const toSnippet = () => snippets[page.tab]?.toText(readAsk(), url, readToken() !== undefined).trim() ?? ''

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

/** @param {boolean} isRunning */
function setRunning(isRunning) {
  for (const button of document.querySelectorAll('#failures button, #submit')) {
    button.toggleAttribute('disabled', isRunning)
  }
  cancel.hidden = !isRunning
}

/**
 * Runs one action at a time, with the button to cancel it.
 * @param {(signal: AbortSignal) => Promise<void>} action
 */
async function run(action) {
  const controller = new AbortController()
  page.running = controller
  setRunning(true)
  find('.result').scrollIntoView({ block: 'nearest' })
  showBusy()
  show([])
  try {
    await action(controller.signal)
  } catch (error) {
    if (controller.signal.aborted) showCancelled()
    else showError(error)
  } finally {
    setRunning(false)
  }
}

/**
 * @param {Ask} ask
 * @param {AbortSignal} signal
 * @param {ReturnType<typeof createRecorder>} [recorder]
 */
async function mint({ preset, ...changes }, signal, recorder = createRecorder(show)) {
  const client = createClient({ url, preset, token: readToken() }, recorder.environment)
  showSecret(await client.secret({ signal, ...changes }))
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

/** @returns {Promise<never>} */
function askFromElsewhere() {
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
      show([exchange])
      reject(new Error(`All that the page’s JavaScript gets: ${data.error}`))
    }
    addEventListener('message', receive)
    document.body.append(frame)
  })
}

/**
 * @param {Failure} failure
 * @param {AbortSignal} signal
 */
async function fail({ kind, order, change }, signal) {
  if (kind === 'origin') return askFromElsewhere()
  if (kind === 'limit') return exceedLimit(signal)
  if (order !== undefined) await tellSandbox(order)
  try {
    await mint(change?.(readAsk()) ?? readAsk(), signal)
  } finally {
    if (order !== undefined) await tellSandbox({ behaviour: { kind: 'normal' } })
  }
}

/** @param {Failure} failure */
async function demonstrate(failure) {
  await run((signal) => fail(failure, signal))
  if (page.running?.signal.aborted === false) addLesson(failure.lesson)
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

function buildTabs() {
  const tabs = snippets.map(({ name }, index) =>
    element('button', { type: 'button', role: 'tab', id: `tab-${index}`, 'aria-controls': 'snippet' }, [
      name,
    ]),
  )
  /** @param {number} index */
  function select(index) {
    page.tab = index
    for (const [at, tab] of tabs.entries()) {
      tab.setAttribute('aria-selected', String(at === index))
      tab.tabIndex = at === index ? 0 : -1
    }
    find('#snippet').setAttribute('aria-labelledby', `tab-${index}`)
    showSnippet()
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
  find('#copy-code').append(copyButton(toSnippet))
  select(0)
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
  showState(state)
  find('#presets').replaceChildren(...page.presets.map((preset, index) => toChoice(preset, index === 0)))
  const [first] = page.presets
  if (first !== undefined) choose(first)
  find('#failures').append(...failures.map(toFailureItem))
  buildTabs()
  find('#ask').addEventListener('submit', (event) => {
    event.preventDefault()
    void run((signal) => mint(readAsk(), signal))
  })
  find('#ask').addEventListener('input', showSnippet)
  cancel.addEventListener('click', () => page.running?.abort())
  submit.removeAttribute('disabled')
}

await start()
