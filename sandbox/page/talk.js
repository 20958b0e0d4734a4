// The card of a connection: its state, what was said, its session and its events.
import { openCall, openSocket } from './connection.js'
import { element, find } from './dom.js'
import { createEventList } from './events.js'
import { agentsUpdate, changedFields } from './overwrite.js'

/** @import { Connection, ConnectOptions, RealtimeEvent, SessionFields } from './page-types.ts' */

const card = find('#connection')
const state = find('#connection-state')
const traffic = find('#traffic')
const said = find('#said')
const changed = find('#changed')
const sessionText = find('#session')
const message = find('#message')
const controls = [find('#say button'), find('#overwrite'), find('#hang-up'), message]

const greetings = {
  call: 'Connected by WebRTC. Speak, and hear yourself half a second later.',
  socket: 'Connected by WebSocket. Write, and the sandbox repeats it.',
  captions: 'Connected. A session for captions has no answers: send a second of audio.',
}

/** @type {{ connection: Connection | undefined, session: SessionFields, kind: 'call' | 'socket', add: ReturnType<typeof createEventList>['add'], timer: ReturnType<typeof setInterval> | undefined }} */
const talk = { connection: undefined, session: {}, kind: 'socket', add: () => undefined, timer: undefined }

/**
 * @param {string} text
 * @param {'busy' | 'good' | 'bad' | 'idle'} kind
 */
function showState(text, kind) {
  state.textContent = text
  state.dataset['state'] = kind
}

/** @param {boolean} isConnected */
function setConnected(isConnected) {
  for (const control of controls) control.toggleAttribute('disabled', !isConnected)
}

/**
 * @param {string} speaker
 * @param {string} text
 */
function addLine(speaker, text) {
  said.append(element('p', {}, [element('strong', {}, [speaker]), ` ${text}`]))
  said.scrollTop = said.scrollHeight
}

/** @param {RealtimeEvent} event */
function send(event) {
  talk.connection?.send(event)
  talk.add('sent', event)
}

/** @param {SessionFields} session */
function showSession(session) {
  const fields = changedFields(talk.session, session)
  if (Object.keys(talk.session).length > 0) {
    changed.textContent =
      fields.length === 0 ? 'The session is the same.' : `The preset is overwritten: ${fields.join(', ')}.`
  }
  talk.session = session
  sessionText.textContent = JSON.stringify(session, null, 2)
}

const isForCaptions = () => talk.session['type'] === 'transcription'

/** @param {RealtimeEvent} event */
function receive(event) {
  talk.add('received', event)
  if (event.session !== undefined) showSession(event.session)
  if (event.type === 'session.created') {
    showState(isForCaptions() ? greetings.captions : greetings[talk.kind], 'good')
    find('#message-label').textContent = isForCaptions() ? 'A second of audio' : 'Message'
    message.hidden = isForCaptions()
    setConnected(true)
  }
  if (event.type === 'error' && talk.connection !== undefined) addLine('Error', event.error?.message ?? '')
  const text = event.text ?? event.transcript
  if (text === undefined || !/done$|completed$/.test(event.type)) return
  addLine(event.type.startsWith('response.') ? 'Sandbox' : 'Heard', text)
}

async function showTraffic() {
  const bytes = await talk.connection?.readTraffic?.()
  if (bytes === undefined) return
  traffic.hidden = false
  find('#sent').textContent = `${(bytes.sent / 1000).toFixed(1)} kB`
  find('#received').textContent = `${(bytes.received / 1000).toFixed(1)} kB`
  find('#level').setAttribute('value', String(bytes.level))
}

function end() {
  clearInterval(talk.timer)
  setConnected(false)
  if (state.dataset['state'] !== 'bad') showState('Ended.', 'idle')
  talk.connection = undefined
}

/**
 * Connects, and ends the connection before.
 * @param {'call' | 'socket'} kind
 * @param {Pick<ConnectOptions, 'url' | 'model' | 'toSecret' | 'fetch' | 'signal'>} options
 */
export async function connect(kind, options) {
  talk.connection?.close()
  end()
  Object.assign(talk, { kind, session: {}, add: createEventList(find('#events')).add })
  said.replaceChildren()
  changed.textContent = ''
  sessionText.textContent = ''
  traffic.hidden = true
  card.hidden = false
  showState(kind === 'call' ? 'Connecting by WebRTC…' : 'Connecting by WebSocket…', 'busy')
  card.scrollIntoView({ block: 'nearest' })
  try {
    const open = kind === 'call' ? openCall : openSocket
    talk.connection = await open({ ...options, onEvent: receive, onEnd: end })
    if (kind === 'call') talk.timer = setInterval(() => void showTraffic(), 500)
  } catch (error) {
    end()
    showState(error instanceof Error ? error.message : String(error), 'bad')
    throw error
  }
}

/** @param {string} text */
function say(text) {
  addLine('You', text)
  const content = [{ type: 'input_text', text }]
  send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } })
  // A written question gets a written answer. A spoken answer would be in events that the page would have to play.
  send({
    type: 'response.create',
    ...(talk.kind === 'socket' && { response: { output_modalities: ['text'] } }),
  })
}

/** A second of silence in PCM, as base64. */
const secondOfAudio = () => btoa('\0'.repeat(48_000))

function sayOrSend() {
  if (isForCaptions()) {
    send({ type: 'input_audio_buffer.append', audio: secondOfAudio() })
    send({ type: 'input_audio_buffer.commit' })
  } else if (message instanceof HTMLInputElement && message.value !== '') {
    say(message.value)
    message.value = ''
  }
}

find('#say').addEventListener('submit', (event) => {
  event.preventDefault()
  sayOrSend()
})
find('#overwrite').addEventListener('click', () => {
  send({ type: 'session.update', session: agentsUpdate(talk.session) })
})
find('#hang-up').addEventListener('click', () => talk.connection?.close())
setConnected(false)
