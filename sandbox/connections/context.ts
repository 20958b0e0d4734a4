/** What calls and WebSockets share. */
import type { ValidateFunction } from 'ajv'
import type { RealtimeClientEvent } from 'openai/resources/realtime/realtime'
import type { MintTerms } from '../mint.ts'
import type { WebRtc } from './answerer.ts'
import type { LiveConnections } from './live.ts'
import type { MintedSecrets } from './secrets.ts'

export interface ConnectionOptions {
  readonly terms: Pick<MintTerms, 'apiKey'>
  /** Epoch ms. */
  readonly now: () => number
  readonly log: (line: object) => void
  /** Loads werift, which takes a moment: only for a call. */
  readonly loadWebRtc: () => Promise<WebRtc>
}

export interface ConnectionContext extends Omit<ConnectionOptions, 'now'> {
  readonly secrets: MintedSecrets
  readonly live: LiveConnections
  /** Compiled once, for the first connection. */
  readonly validator: () => ValidateFunction<RealtimeClientEvent>
}
