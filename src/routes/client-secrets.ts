import { parseClientSecretsRequest } from '../presets/request/mint-request.ts'
import type { Dialect } from './minting.ts'

/** In the shape of OpenAI's GA endpoint. https://developers.openai.com/api/docs/guides/realtime */
export const clientSecrets: Dialect = {
  path: '/v1/realtime/client_secrets',
  parseRequest: parseClientSecretsRequest,
  toReply: (value, expiresAt) => ({ value, expires_at: expiresAt }),
}
