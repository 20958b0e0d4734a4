/** The Agents SDK in Node, unmodified: a secret of the service, and a WebSocket to the sandbox. */
import { RealtimeAgent, RealtimeSession } from '@openai/agents-realtime'
import { expect, it, onTestFinished } from 'vitest'
import { agentsUpdate } from '../../sandbox/page/overwrite.js'
import { createClient } from '../../src/client/client.js'
import { PROMPT, startTestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'

type Fields = Readonly<Record<string, unknown>>

/** Connects an agent, and collects the sessions that the sandbox reports. */
async function connect(instructions = '') {
  const { app, sandbox } = await startTestService({ environment: secretEnvironment })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const mint = createClient({ url, preset: 'assistant', token: () => toToken() })
  const agent = new RealtimeAgent({ name: 'assistant', instructions })
  const session = new RealtimeSession(agent, { transport: 'websocket' })
  onTestFinished(() => session.close())
  const sessions: Fields[] = []
  session.transport.on('*', (event) => {
    if ('session' in event) sessions.push(event['session'])
  })
  const sockets = `${sandbox.baseUrl.replace('http', 'ws')}/realtime?model=gpt-realtime-2.1`
  await session.connect({ apiKey: mint.apiKey, url: sockets })
  return { session, sessions, sandbox, mint, sockets }
}

it('the Agents SDK connects through apiKey, sends a message, and gets an answer', async () => {
  const { session } = await connect('Be brief.')
  const { promise: answered, resolve } = Promise.withResolvers<void>()
  session.transport.on('turn_done', () => resolve())
  session.sendMessage('Good morning')
  await answered
  expect(session.history.at(-1)).toMatchObject({
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_audio', transcript: 'You said: Good morning' }],
  })
})

it('the Agents SDK sends a voice, and hears it again', async () => {
  const { session } = await connect()
  const { promise: heard, resolve } = Promise.withResolvers<ArrayBuffer>()
  session.on('audio', ({ data }) => resolve(data))
  // 16-bit PCM of 24 kHz: 0.4 s of sound, and a second of silence that ends the turn.
  const voice = new Int16Array(1.4 * 24_000).fill(8_000, 0, 0.4 * 24_000)
  session.sendAudio(voice.buffer)
  expect(Buffer.from(await heard).equals(Buffer.from(voice.buffer))).toBe(true)
})

it('the Agents SDK overwrites the preset with what the demo page sends in its name', async () => {
  const { sessions } = await connect()
  await expect.poll(() => sessions.at(-1)).toMatchObject({ instructions: '' })
  const [first, last] = [sessions[0], sessions.at(-1)]
  expect(first).toMatchObject({ instructions: PROMPT, audio: { input: { transcription: null } } })
  expect(last).toMatchObject(agentsUpdate({ type: 'realtime' }))
})

it('the Agents SDK says that an expired secret is refused', async () => {
  const { session, sandbox, mint, sockets } = await connect()
  session.close()
  const secret = await mint.apiKey()
  sandbox.expireSecrets()
  const late = new RealtimeSession(new RealtimeAgent({ name: 'late' }), { transport: 'websocket' })
  const errors: unknown[] = []
  late.on('error', (error) => errors.push(error))
  await late.connect({ apiKey: secret, url: sockets }).catch((error: unknown) => errors.push(error))
  expect(JSON.stringify(errors)).toContain('The client secret has expired.')
})
