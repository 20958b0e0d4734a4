// The cheapest stand-in for OpenAI: every POST gets a new secret and the same echoed session, after DELAY_MS.
import { randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'

const DELAY_MS = Number(process.env['DELAY_MS'] ?? 0)
const SECRET_LIFETIME_SECONDS = 60

const echoedSession = JSON.stringify({
  type: 'realtime',
  object: 'realtime.session',
  id: `sess_${randomBytes(12).toString('hex')}`,
  model: 'gpt-realtime-2.1',
  output_modalities: ['audio'],
  instructions: 'Answer briefly, in the language of the person speaking. '.repeat(8).trim(),
  tools: [],
  tool_choice: 'auto',
  max_output_tokens: 'inf',
  tracing: null,
  truncation: 'auto',
  prompt: null,
  expires_at: 0,
  audio: {
    input: {
      format: { type: 'audio/pcm', rate: 24000 },
      transcription: null,
      noise_reduction: { type: 'near_field' },
      turn_detection: { type: 'semantic_vad', eagerness: 'auto', create_response: true },
    },
    output: { format: { type: 'audio/pcm', rate: 24000 }, voice: 'marin', speed: 1 },
  },
  include: null,
})

const secretPrefix = `ek_${randomBytes(12).toString('hex')}`
let secretsGiven = 0

function replyWithSecret(response: ServerResponse): void {
  secretsGiven += 1
  const value = secretPrefix + secretsGiven.toString(16).padStart(8, '0')
  const expiresAt = Math.floor(Date.now() / 1000) + SECRET_LIFETIME_SECONDS
  const body = `{"value":"${value}","expires_at":${expiresAt},"session":${echoedSession}}`
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-request-id': `req_${secretsGiven}`,
  })
  response.end(body)
}

const server = createServer((request, response) => {
  request.resume()
  request.once('end', () => {
    if (request.url !== '/v1/realtime/client_secrets') response.writeHead(404).end()
    else if (DELAY_MS === 0) replyWithSecret(response)
    else setTimeout(replyWithSecret, DELAY_MS, response)
  })
})

// A server is idle while the other two are measured. Its next mint could fail on a connection closed meanwhile.
server.keepAliveTimeout = 120_000
server.listen(Number(process.env['PORT']), '127.0.0.1')
