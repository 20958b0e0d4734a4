// The code that does what the form does.

/** @import { Ask, ToSnippet } from './page-types.ts' */

/**
 * A value as JavaScript in the style of the docs.
 * @param {unknown} value
 * @returns {string}
 */
function toCode(value) {
  if (typeof value === 'string')
    return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = /^[A-Za-z_$][\w$]*$/.test(key) ? key : toCode(key)
    return `${name}: ${toCode(inner)}`
  })
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
}

/** @param {Ask} ask */
const toChanges = ({ variables, session }) => ({
  ...(variables && { variables }),
  ...(session && { session }),
})

/** @param {Ask} ask */
function toArgument(ask) {
  const changes = toChanges(ask)
  return Object.keys(changes).length === 0 ? '' : toCode(changes)
}

/** @param {boolean} hasToken */
const toTokenLine = (hasToken) =>
  hasToken ? '\n  token: () => auth.getAccessToken(), // your own login’s function' : ''

/**
 * @param {Ask} ask
 * @param {string} url
 * @param {boolean} hasToken
 */
const toMint = (ask, url, hasToken) => `const mint = createClient({
  url: '${url}',
  preset: '${ask.preset}',${toTokenLine(hasToken)}
})
`

/** @param {Ask} ask */
const toSecretRequest = (ask) =>
  toArgument(ask).replace(/^$/, '{ }').replace('{', '{ signal,').replace(', }', ' }')

/**
 * @param {Ask} ask
 * @param {string} url
 * @param {boolean} hasToken
 */
const toClient = (ask, url, hasToken) => `import { createClient } from '${url}/client.js'

${toMint(ask, url, hasToken)}`

/** @type {ToSnippet} */
const toJavaScript = (ask, url, hasToken) => `${toClient(ask, url, hasToken)}
// Right before you connect. Never store it.
const { value, expiresAt } = await mint.secret(${toArgument(ask)})
`

/** @type {ToSnippet} */
const toReact = (ask, url, hasToken) => `import { useEffect, useState } from 'react'
import { createClient } from 'realtime-mint/client'

${toMint(ask, url, hasToken)}
export function useClientSecret() {
  const [state, setState] = useState({})
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    mint.secret(${toSecretRequest(ask)}).then(
      (secret) => setState({ secret }),
      (error) => signal.aborted || setState({ error }),
    )
    return () => controller.abort()
  }, [])
  return state // { secret: { value, expiresAt } } or { error }
}
`

/** @type {ToSnippet} */
const toOpenAi = (ask, url) => `import OpenAI from 'openai'

const client = new OpenAI({
  baseURL: '${url}/v1',
  apiKey: 'the token of your user', // never the real key
  defaultQuery: { preset: '${ask.preset}' },
  maxRetries: 0,
  dangerouslyAllowBrowser: true, // safe: the page has no API key
})
const { value, expires_at } = await client.realtime.clientSecrets.create(${toArgument(ask) || '{}'})
`

/** @type {ToSnippet} */
const toAgents = (
  ask,
  url,
  hasToken,
) => `import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime'
import { createClient } from 'realtime-mint/client'

${toMint(ask, url, hasToken)}
// When it connects, the SDK sends its own session: repeat here what the preset says.
const agent = new RealtimeAgent({ name: 'assistant', instructions: 'As in the preset.' })
const session = new RealtimeSession(agent)
await session.connect({ apiKey: mint.apiKey })
`

/** @type {ToSnippet} */
const toWebRtc = (
  ask,
  url,
  hasToken,
  realtimeUrl,
) => `${toClient(ask, url, hasToken)}const microphone = await navigator.mediaDevices.getUserMedia({ audio: true })
const connection = new RTCPeerConnection()
for (const track of microphone.getTracks()) connection.addTrack(track, microphone)
const audio = new Audio()
audio.autoplay = true
connection.ontrack = ({ streams }) => { audio.srcObject = streams[0] }
const events = connection.createDataChannel('oai-events')
events.onmessage = ({ data }) => console.log(JSON.parse(data).type)
await connection.setLocalDescription()
const { value } = await mint.secret(${toArgument(ask)})
// The sandbox. OpenAI is https://api.openai.com/v1/realtime/calls
const answer = await fetch('${realtimeUrl}/calls', {
  method: 'POST',
  headers: { Authorization: \`Bearer \${value}\`, 'Content-Type': 'application/sdp' },
  body: connection.localDescription.sdp,
})
if (!answer.ok) throw new Error(\`OpenAI answered \${answer.status}\`)
await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() })
`

/** @type {ToSnippet} */
const toWebSocket = (ask, url, hasToken, realtimeUrl) => `${toClient(ask, url, hasToken)}
const { value } = await mint.secret(${toArgument(ask)})
// The sandbox. OpenAI is wss://api.openai.com/v1/realtime?model=… with the model of the preset
const socket = new WebSocket('${realtimeUrl.replace(/^http/, 'ws')}', [
  'realtime',
  \`openai-insecure-api-key.\${value}\`,
])
socket.onmessage = ({ data }) => console.log(JSON.parse(data).type)
`

/** @type {ToSnippet} */
const toCurl = (ask, url, hasToken) => `curl -sS ${url}/v1/realtime/client_secrets \\
  -H 'Origin: ${url}' \\
  -H 'Content-Type: application/json' \\${hasToken ? `\n  -H "Authorization: Bearer $(curl -sS ${url}/demo/token)" \\` : ''}
  -d '${JSON.stringify(ask).replaceAll("'", String.raw`'\''`)}'
`

/** @type {readonly { readonly name: string, readonly toText: ToSnippet }[]} */
export const snippets = [
  { name: 'JavaScript', toText: toJavaScript },
  { name: 'React', toText: toReact },
  { name: 'OpenAI SDK', toText: toOpenAi },
  { name: 'Agents SDK', toText: toAgents },
  { name: 'WebRTC', toText: toWebRtc },
  { name: 'WebSocket', toText: toWebSocket },
  { name: 'curl', toText: toCurl },
]
