import { parseSessionsRequest } from '../presets/request/mint-request.ts'
import type { Dialect } from './minting.ts'

/** In the flat shape of OpenAI's older endpoint, which OpenAI itself retired in May 2026. */
export const sessions: Dialect = {
  path: '/v1/realtime/sessions',
  parseRequest: parseSessionsRequest,
  toReply: (value, expiresAt) => ({ client_secret: { value, expires_at: expiresAt } }),
}
