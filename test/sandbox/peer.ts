/** A page's end of a call, in pure JavaScript: it speaks by itself and counts what it hears. */
import { onTestFinished } from 'vitest'
import { MediaStreamTrack, RTCPeerConnection, RtpHeader, RtpPacket } from 'werift'
import type { Event } from './connections.ts'

export interface Peer {
  readonly offer: string
  readonly accept: (answer: string) => Promise<void>
  readonly send: (event: object) => void
  /** Events over the data channel, in their order. */
  readonly events: AsyncIterator<Event>
  /** Resolves when audio comes back. */
  readonly heard: Promise<void>
  readonly ended: Promise<void>
  readonly close: () => Promise<void>
}

/** Opus packets of 20 ms, as fast as the sockets take them. */
function speak(track: MediaStreamTrack): void {
  let sequenceNumber = 0
  const timer = setInterval(() => {
    sequenceNumber += 1
    const header = new RtpHeader({ sequenceNumber, timestamp: sequenceNumber * 960, payloadType: 96 })
    track.writeRtp(new RtpPacket(header, Buffer.alloc(40, 1)))
  }, 2)
  onTestFinished(() => clearInterval(timer))
}

export async function createPeer(): Promise<Peer> {
  const peer = new RTCPeerConnection({
    iceServers: [],
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
  })
  onTestFinished(() => peer.close())
  const track = new MediaStreamTrack({ kind: 'audio' })
  peer.addTransceiver(track, { direction: 'sendrecv' })
  const heard = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  peer.onTrack.once((incoming) => incoming.onReceiveRtp.once(() => heard.resolve()))
  const channel = peer.createDataChannel('oai-events')
  const stream = new ReadableStream<Event>({
    start: (controller) => {
      channel.onMessage.subscribe((message) => controller.enqueue(JSON.parse(message.toString())))
    },
  })
  channel.stateChanged.subscribe((state) => {
    if (state === 'closed') ended.resolve()
  })
  peer.connectionStateChange.subscribe((state) => {
    if (state === 'connected') speak(track)
  })
  await peer.setLocalDescription(await peer.createOffer())
  return {
    offer: peer.localDescription?.sdp ?? '',
    accept: (sdp) => peer.setRemoteDescription({ type: 'answer', sdp }),
    send: (event) => channel.send(JSON.stringify(event)),
    events: stream[Symbol.asyncIterator](),
    heard: heard.promise,
    ended: ended.promise,
    close: () => peer.close(),
  }
}
