/** OpenAI's connections, as far as the examples need them: a second page answers WebRTC, a route answers WebSockets. */
import type { Page } from 'playwright-core'

interface Call {
  readonly authorization: string | undefined
  readonly contentType: string | undefined
}

export interface OpenAiStandIn {
  readonly calls: readonly Call[]
  /** The events that the page sent over the data channel. */
  readonly readEvents: () => Promise<readonly { readonly type: string; readonly session?: unknown }[]>
  /** Resolves when audio arrived from the page. */
  readonly whenHeard: () => Promise<void>
}

/** Answers one offer: greets over the data channel, keeps what arrives, and sends audio back. */
const answer = `async (sdp) => {
  const peer = new RTCPeerConnection()
  globalThis.events = []
  globalThis.peer = peer
  peer.ondatachannel = ({ channel }) => {
    channel.onmessage = ({ data }) => {
      const event = JSON.parse(data)
      events.push(event)
      if (event.type === 'session.update') {
        channel.send(JSON.stringify({ type: 'session.updated', session: event.session }))
      }
    }
    const greet = () => channel.send(JSON.stringify({ type: 'session.created', session: { type: 'realtime' } }))
    if (channel.readyState === 'open') greet()
    else channel.onopen = greet
  }
  await peer.setRemoteDescription({ type: 'offer', sdp })
  const voice = new AudioContext().createMediaStreamDestination()
  for (const track of voice.stream.getTracks()) peer.addTrack(track, voice.stream)
  await peer.setLocalDescription(await peer.createAnswer())
  if (peer.iceGatheringState !== 'complete') {
    await new Promise((resolve) => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve()
    })
  }
  return peer.localDescription.sdp
}`

const hasHeard = `async () => {
  const stats = [...(await peer.getStats()).values()]
  return stats.some(({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived > 0)
}`

/** Answers for api.openai.com in `page`, from a page of the same origin. */
export async function answerAsOpenAi(page: Page, origin: string): Promise<OpenAiStandIn> {
  const answerer = await page.context().newPage()
  await answerer.goto(origin)
  const calls: Call[] = []
  await page.route('https://api.openai.com/v1/realtime/calls**', async (route) => {
    const request = route.request()
    const { authorization, 'content-type': contentType } = request.headers()
    calls.push({ authorization, contentType })
    const sdp = await answerer.evaluate(`(${answer})(${JSON.stringify(request.postData())})`)
    await route.fulfill({
      status: 201,
      headers: { 'access-control-allow-origin': '*', 'content-type': 'application/sdp' },
      body: String(sdp),
    })
  })
  return {
    calls,
    readEvents: () => answerer.evaluate('globalThis.events'),
    whenHeard: async () => {
      await answerer.waitForFunction(`(${hasHeard})()`)
    },
  }
}
