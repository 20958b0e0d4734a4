/** A real WebRTC peer in pure JavaScript: it has the data channel, and sends back the audio that it hears. */
import type { MediaStreamTrack, RTCPeerConnection, RTCRtpTransceiver } from 'werift'

export type WebRtc = typeof import('werift')

export interface AnswererOptions {
  readonly offer: string
  readonly webRtc: WebRtc
  /** Opens the session on the data channel. It returns what takes the client's events. */
  readonly onChannel: (send: (text: string) => void) => (text: string) => void
  /** Called once, however the call ends. */
  readonly onEnd: () => void
}

export interface Answerer {
  /** The answer, with all candidates. */
  readonly sdp: string
  /** Resolves when the page has been told. */
  readonly close: () => Promise<void>
}

/** Half a second, so that a person hears the echo as one. */
const DELAYED_PACKETS = 25

/** For a page that left before it connected. */
const CONNECT_MS = 20_000

function echo(webRtc: WebRtc, transceiver: RTCRtpTransceiver): void {
  const outgoing = new webRtc.MediaStreamTrack({ kind: 'audio' })
  const delayed: Parameters<MediaStreamTrack['writeRtp']>[0][] = []
  void transceiver.sender.replaceTrack(outgoing)
  transceiver.setDirection('sendrecv')
  transceiver.onTrack.once((incoming) => {
    incoming.onReceiveRtp.subscribe((packet) => {
      delayed.push(packet)
      const next = delayed.length > DELAYED_PACKETS ? delayed.shift() : undefined
      if (next !== undefined) outgoing.writeRtp(next)
    })
  })
}

function toPeer({ webRtc, onChannel }: AnswererOptions, end: () => void): RTCPeerConnection {
  const peer = new webRtc.RTCPeerConnection({
    // Without a server of the internet. Pages of this machine need no other candidates.
    iceServers: [],
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
  })
  peer.onRemoteTransceiverAdded.subscribe((transceiver) => {
    if (transceiver.kind === 'audio') echo(webRtc, transceiver)
  })
  peer.onDataChannel.once((channel) => {
    const receive = onChannel((text) => {
      if (channel.readyState !== 'closed') channel.send(text)
    })
    // A page that closes its end closes this. One that vanishes fails after 30 s without a sign of life.
    channel.stateChanged.subscribe((state) => {
      if (state === 'closed') end()
    })
    channel.onMessage.subscribe((message) => receive(message.toString()))
  })
  return peer
}

/** Answers an offer. Rejects if it is not a valid one. */
export async function answerOffer(options: AnswererOptions): Promise<Answerer> {
  const { offer, onEnd } = options
  let hasEnded = false
  const end = async (): Promise<void> => {
    if (hasEnded) return
    hasEnded = true
    clearTimeout(timer)
    onEnd()
    await peer.close()
  }
  const peer = toPeer(options, () => void end())
  const timer = setTimeout(() => void end(), CONNECT_MS).unref()
  peer.connectionStateChange.subscribe((state) => {
    if (state === 'connected') clearTimeout(timer)
    if (state === 'failed' || state === 'closed') void end()
  })
  try {
    await peer.setRemoteDescription({ type: 'offer', sdp: offer })
    await peer.setLocalDescription(await peer.createAnswer())
  } catch (error) {
    await end()
    throw error
  }
  return { sdp: peer.localDescription?.sdp ?? '', close: end }
}
