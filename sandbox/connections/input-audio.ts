/** The audio that a client sends as events, and the same audio as an answer. */
import type { ConversationItem } from 'openai/resources/realtime/realtime'
import { invalid, type Refusal } from '../refusal.ts'
import { toId } from '../session.ts'
import type { ServerEvent } from './server-events.ts'

/** OpenAI's three formats, all with one channel. */
export type AudioFormat = 'audio/pcm' | 'audio/pcmu' | 'audio/pcma'

interface Committed {
  readonly item: ConversationItem & { readonly id: string }
  /** The sandbox hears how long somebody spoke, and no words. */
  readonly transcription: ServerEvent
}

export interface InputAudio {
  readonly append: (base64: string) => Refusal | undefined
  readonly clear: () => void
  /** The id of the item that the next commit makes. */
  readonly nextItemId: () => string
  /** Ends a turn, or returns null without audio. */
  readonly commit: (format: AudioFormat) => Committed | null
  /** The newest turn in base64, or a moment of silence. */
  readonly toEcho: (format: AudioFormat) => string
}

const bytesPerSecond: Readonly<Record<AudioFormat, number>> = {
  'audio/pcm': 48_000,
  'audio/pcmu': 8_000,
  'audio/pcma': 8_000,
}
const silence: Readonly<Record<AudioFormat, number>> = {
  'audio/pcm': 0,
  'audio/pcmu': 0xff,
  'audio/pcma': 0xd5,
}

const MAX_TURN_BYTES = 4 * 1024 * 1024

const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[\w+/]*={0,2}$/.test(text)

export function createInputAudio(): InputAudio {
  let chunks: Buffer[] = []
  let size = 0
  let nextId = toId('item')
  let turn: { readonly bytes: Buffer; readonly format: AudioFormat } | undefined
  const clear = (): void => {
    chunks = []
    size = 0
  }
  return {
    clear,
    nextItemId: () => nextId,
    append: (base64) => {
      if (!isBase64(base64)) {
        return invalid('audio', 'The audio is not valid base64.')
      }
      const chunk = Buffer.from(base64, 'base64')
      size += chunk.length
      if (size > MAX_TURN_BYTES) {
        clear()
        return invalid('audio', 'The input audio buffer is full. The sandbox cleared it.')
      }
      chunks.push(chunk)
      return undefined
    },
    commit: (format) => {
      if (size === 0) return null
      turn = { bytes: Buffer.concat(chunks), format }
      clear()
      const seconds = turn.bytes.length / bytesPerSecond[format]
      const transcript = `${seconds.toFixed(1)} s of audio`
      const id = nextId
      nextId = toId('item')
      return {
        item: {
          id,
          object: 'realtime.item',
          type: 'message',
          status: 'completed',
          role: 'user',
          content: [{ type: 'input_audio', transcript }],
        },
        transcription: {
          type: 'conversation.item.input_audio_transcription.completed',
          item_id: id,
          content_index: 0,
          transcript,
          usage: { type: 'duration', seconds },
        },
      }
    },
    toEcho: (format) =>
      turn?.format === format
        ? turn.bytes.toString('base64')
        : Buffer.alloc(bytesPerSecond[format] / 4, silence[format]).toString('base64'),
  }
}
