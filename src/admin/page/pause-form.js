/** The form that pauses a scope, with the command that does the same. */
import { askToPause, describe } from './api.js'
import { createCommand } from './copy.js'
import { findDialog, h, icon, render, toDialogHead } from './dom.js'
import { quote, toScopeOption } from './view.js'

/** @typedef {import('./api.js').State['pauses'][number]['scope']} Scope */

/** @type {readonly { scope: Scope, label: string, hint: string, list: string | null }[]} */
const scopes = [
  {
    scope: 'caller',
    label: 'A caller, or an address',
    hint: 'Pseudonym, subject or IP address',
    list: 'known-caller',
  },
  { scope: 'preset', label: 'A preset', hint: 'Name', list: 'known-preset' },
  { scope: 'origin', label: 'An origin', hint: 'https://app.example.com', list: null },
  { scope: 'all', label: 'All minting', hint: '', list: null },
]

/** @type {readonly (readonly [duration: string, label: string])[]} */
const durations = [
  ['15m', '15 minutes'],
  ['1h', '1 hour'],
  ['4h', '4 hours'],
  ['1d', '1 day'],
  ['7d', '7 days'],
  ['', 'Until someone resumes'],
]

const DEFAULT_DURATION = '1h'

/** @param {string} label @param {HTMLElement} control @param {string} [about] */
const toField = (label, control, about) =>
  h('label', {}, label, control, about !== undefined && h('span', { class: 'quiet' }, about))

function createFields() {
  const scope = h(
    'select',
    { name: 'scope' },
    scopes.map((one) => h('option', { value: one.scope }, one.label)),
  )
  const value = h('input', {
    name: 'value',
    required: true,
    maxlength: 300,
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const duration = h(
    'select',
    { name: 'for' },
    durations.map(([text, label]) =>
      h('option', { value: text, selected: text === DEFAULT_DURATION }, label),
    ),
  )
  const note = h('input', { name: 'note', maxlength: 200, autocomplete: 'off' })
  return { scope, value, duration, note }
}

/** @param {ReturnType<typeof createFields>} fields */
const toWanted = ({ scope, value, duration, note }) => {
  const found = scopes.find((one) => one.scope === scope.value)?.scope ?? 'all'
  return {
    scope: found,
    value: found === 'all' ? null : value.value.trim(),
    for: duration.value,
    note: note.value.trim(),
  }
}

/** @param {ReturnType<typeof toWanted>} wanted */
const toCommand = (wanted) =>
  [
    `realtime-mint pause ${wanted.value === '' ? `--${wanted.scope} …` : toScopeOption(wanted.scope, wanted.value)}`,
    ...(wanted.for === '' ? [] : [`--for ${wanted.for}`]),
    ...(wanted.note === '' ? [] : [`--note ${quote(wanted.note)}`]),
  ].join(' ')

/** The parts of the form whose content changes. */
const createOutputs = () => ({
  command: h('div', { id: 'pause-command' }),
  error: h('p', { class: 'error', role: 'alert' }),
  submit: h('button', { type: 'submit', class: 'danger' }, 'Pause'),
})

/** @param {ReturnType<typeof createFields>} fields @param {ReturnType<typeof createOutputs>} outputs @param {HTMLDialogElement} dialog */
function toContent({ scope, value, duration, note }, { command, error, submit }, dialog) {
  return h(
    'form',
    { class: 'content' },
    toDialogHead(dialog, icon('paused'), 'Pause minting'),
    h(
      'p',
      { class: 'meaning' },
      'Paused attempts are refused with 503 at once. Pages show that it is on purpose.',
    ),
    toField('What', scope),
    toField('Which', value),
    toField('For', duration),
    toField('Note', note, 'Shown here and by realtime-mint pauses, never logged.'),
    error,
    h(
      'div',
      { class: 'next' },
      submit,
      h('button', { type: 'button', click: () => dialog.close() }, 'Cancel'),
    ),
    h('p', { class: 'quiet' }, 'If the browser asks for a password, give ADMIN_TOKEN, with any user name.'),
    h('h3', {}, 'As a command'),
    command,
  )
}

/** Keeps field, hint and command in step. @param {ReturnType<typeof createFields>} fields @param {HTMLElement} command */
function update(fields, command) {
  const { scope, value } = fields
  const chosen = scopes.find((one) => one.scope === scope.value)
  const isAll = scope.value === 'all'
  value.required = !isAll
  if (value.parentElement !== null) value.parentElement.hidden = isAll
  value.placeholder = chosen?.hint ?? ''
  if (chosen?.list) value.setAttribute('list', chosen.list)
  else value.removeAttribute('list')
  const text = toCommand(toWanted(fields))
  render(command, text, () => createCommand(text))
}

/**
 * @param {{ onPaused: (warning: string) => void }} options Called with what the operator should know, or with nothing.
 */
export function createPauseForm({ onPaused }) {
  const dialog = findDialog('#pause')
  const fields = createFields()
  const outputs = createOutputs()
  const { command, error, submit } = outputs
  const form = toContent(fields, outputs, dialog)
  dialog.append(form)
  form.addEventListener('input', () => update(fields, command))

  async function send() {
    submit.disabled = true
    error.textContent = ''
    try {
      const warning = await askToPause(toWanted(fields))
      dialog.close()
      onPaused(warning)
    } catch (thrown) {
      error.textContent = describe(thrown)
    }
    submit.disabled = false
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send()
  })

  return {
    /** @param {Scope} [scope] @param {string} [value] */
    open(scope = 'caller', value = '') {
      fields.scope.value = scope
      fields.value.value = value
      fields.note.value = ''
      fields.duration.value = DEFAULT_DURATION
      error.textContent = ''
      update(fields, command)
      dialog.showModal()
      if (value === '') fields.scope.focus()
      else submit.focus()
    },
  }
}
