/** Voice activity detection: loud is speech. Time is counted in audio, so it needs no clock. */

export interface Turn {
  readonly kind: 'started' | 'stopped'
  /** Milliseconds of audio since the session started. */
  readonly atMs: number
}

export interface TurnDetector {
  /** Hears 16-bit PCM of 24 kHz. A turn stops after that much silence. */
  readonly hear: (pcm: Buffer, silenceMs: number) => readonly Turn[]
}

const FRAME_MS = 20
const FRAME_BYTES = 960

/** About -40 dB of the loudest sound. */
const LOUD = 0.01 * 32_768

function toLoudness(frame: Buffer): number {
  let sum = 0
  for (let at = 0; at + 1 < frame.length; at += 2) sum += frame.readInt16LE(at) ** 2
  return Math.sqrt(sum / (frame.length / 2))
}

export function createTurnDetector(): TurnDetector {
  let elapsedMs = 0
  let isSpeaking = false
  let silentMs = 0
  /** What one frame changes. */
  function hearFrame(frame: Buffer, silenceMs: number): Turn | undefined {
    const atMs = elapsedMs
    elapsedMs += FRAME_MS
    const isLoud = toLoudness(frame) > LOUD
    silentMs = isLoud ? 0 : silentMs + FRAME_MS
    if (isLoud === isSpeaking || (isSpeaking && silentMs < silenceMs)) return undefined
    isSpeaking = isLoud
    return { kind: isLoud ? 'started' : 'stopped', atMs }
  }
  return {
    hear: (pcm, silenceMs) => {
      const turns: Turn[] = []
      for (let at = 0; at < pcm.length; at += FRAME_BYTES) {
        const turn = hearFrame(pcm.subarray(at, at + FRAME_BYTES), silenceMs)
        if (turn !== undefined) turns.push(turn)
      }
      return turns
    },
  }
}
