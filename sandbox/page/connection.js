// The two ways to connect with a client secret. Both have the same events.

/** @import { Connection, ConnectOptions, Traffic } from './page-types.ts' */

/** OpenAI, here the sandbox, refused the connection or cannot be reached. */
export class ConnectionError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message)
    this.name = 'ConnectionError'
  }
}

/** @param {Response} response */
async function toRefusal(response) {
  const text = await response.text()
  try {
    return new ConnectionError(`OpenAI answered ${response.status}: ${JSON.parse(text).error.message}`)
  } catch {
    return new ConnectionError(`OpenAI answered ${response.status}.`)
  }
}

async function askForMicrophone() {
  // Browsers have no microphone for pages that are neither https nor local.
  if (!isSecureContext) throw new ConnectionError('Open this page as http://localhost to use the microphone.')
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true })
  } catch {
    throw new ConnectionError(
      'There is no microphone, or the page may not use it. Allow it, or write instead.',
    )
  }
}

/**
 * @param {RTCPeerConnection} peer
 * @returns {Promise<Traffic>}
 */
async function readTraffic(peer) {
  const traffic = { sent: 0, received: 0, level: 0 }
  for (const report of (await peer.getStats()).values()) {
    if (report.type === 'outbound-rtp') traffic.sent += report.bytesSent
    if (report.type === 'inbound-rtp') {
      traffic.received += report.bytesReceived
      traffic.level = report.audioLevel ?? 0
    }
  }
  return traffic
}

/**
 * @param {RTCPeerConnection} peer
 * @param {ConnectOptions} options
 */
async function negotiate(peer, { url, toSecret, fetch, signal }) {
  await peer.setLocalDescription()
  const response = await fetch(`${url}/calls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await toSecret()}`, 'content-type': 'application/sdp' },
    body: peer.localDescription?.sdp ?? '',
    signal,
  })
  if (!response.ok) throw await toRefusal(response)
  await peer.setRemoteDescription({ type: 'answer', sdp: await response.text() })
}

/**
 * Connects the microphone and the loudspeaker by WebRTC. Events go over its data channel.
 * @param {ConnectOptions} options
 * @returns {Promise<Connection>}
 */
export async function openCall(options) {
  // Before the secret is minted: the user may think longer than it lasts.
  const microphone = await askForMicrophone()
  const peer = new RTCPeerConnection()
  for (const track of microphone.getTracks()) peer.addTrack(track, microphone)
  const speaker = new Audio()
  speaker.autoplay = true
  peer.addEventListener('track', ({ streams: [stream] }) => (speaker.srcObject = stream ?? null))
  const channel = peer.createDataChannel('oai-events')
  function close() {
    for (const track of microphone.getTracks()) track.stop()
    speaker.srcObject = null
    peer.close()
  }
  function end() {
    close()
    options.onEnd()
  }
  channel.addEventListener('message', ({ data }) => options.onEvent(JSON.parse(data)))
  channel.addEventListener('close', end)
  peer.addEventListener('connectionstatechange', () => {
    // On one machine, no network comes back: the sandbox has ended.
    if (['disconnected', 'failed'].includes(peer.connectionState)) end()
  })
  try {
    await negotiate(peer, options)
  } catch (error) {
    close()
    throw error
  }
  return {
    send: (event) => channel.send(JSON.stringify(event)),
    close: end,
    readTraffic: () => readTraffic(peer),
  }
}

/**
 * Connects by WebSocket. The secret is a subprotocol, because a page cannot set headers here.
 * @param {ConnectOptions} options
 * @returns {Promise<Connection>}
 */
export async function openSocket({ url, model, toSecret, signal, onEvent, onEnd }) {
  const protocols = ['realtime', `openai-insecure-api-key.${await toSecret()}`]
  const query = model === null ? '' : `?model=${encodeURIComponent(model)}`
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}${query}`, protocols)
  const close = () => socket.close()
  signal.addEventListener('abort', close)
  await new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      const event = JSON.parse(data)
      if (event.type === 'error') reject(new ConnectionError(`OpenAI answered: ${event.error.message}`))
      else resolve(undefined)
      onEvent(event)
    })
    socket.addEventListener('close', ({ code }) => {
      reject(new ConnectionError(`The WebSocket closed with ${code}.`))
      onEnd()
    })
  })
  return { send: (event) => socket.send(JSON.stringify(event)), close, readTraffic: null }
}
