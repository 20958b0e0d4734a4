// The sandbox: a strict stand-in for OpenAI's minting endpoints and for the connections that their secrets open. It is
// on loopback and for development only.
import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { endWith, LABEL, send, setCommonHeaders, toAnswer } from './answer.ts'
import { type Behaviour, type BehaviourSlot, createBehaviourSlot, parseOrder } from './behaviour.ts'
import { type Connections, createConnections } from './connections/connections.ts'
import type { ConnectionOptions } from './connections/context.ts'
import { invalidUrl } from './failures.ts'
import { createValidators, judge, type MintRoute, type MintTerms } from './mint.ts'
import { perform } from './perform.ts'
import { type Refusal, refuse } from './refusal.ts'

/** A minting request as it arrived: `path` with its query, header names in lower case, `at` in epoch ms. */
export interface SandboxRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly at: number
}

export interface SandboxOptions {
  /** The one key that is accepted. */
  readonly apiKey: string
  /**
   * The endpoints: OpenAI's GA ones (the default), or only the older flat one, as in Azure's preview, below any path.
   */
  readonly api?: 'client_secrets' | 'sessions'
  /** Called with an object for each request and each change of state. Each has the `sandbox` label. */
  readonly log?: (line: object) => void
  /** The clock of expiries and `Date` headers, in epoch ms; `Date.now` by default. */
  readonly now?: () => number
  /** Loads the WebRTC stack at the first call; by default the installed one. */
  readonly loadWebRtc?: ConnectionOptions['loadWebRtc']
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT/v1`: what OPENAI_BASE_URL takes. */
  readonly baseUrl: string
  /** The newest 1000 POSTs to a minting route, oldest first, with any result. */
  readonly requests: readonly SandboxRequest[]
  /** Replaces the behaviour, for the next `times` minting requests or until the next call. Throws a ZodError. */
  readonly behave: (behaviour: Behaviour, times?: number) => void
  /** Lets all secrets expire that are minted so far. */
  readonly expireSecrets: () => void
  /** Closes the server, all sockets and all connections at once. May be called again. */
  readonly close: () => Promise<void>
}

interface Context {
  readonly routeOf: (path: string) => MintRoute | undefined
  readonly terms: MintTerms
  readonly log: (line: object) => void
  readonly now: () => number
  readonly requests: SandboxRequest[]
  readonly slot: BehaviourSlot
  /** Null with the flat API, which has none of these. */
  readonly connections: Connections | null
}

const gaRoutes: ReadonlyMap<string, MintRoute> = new Map([
  ['/v1/realtime/client_secrets', 'realtime'],
  ['/v1/realtime/translations/client_secrets', 'translation'],
  ['/v1/realtime/sessions', 'retired'],
  ['/v1/realtime/transcription_sessions', 'retired'],
])

// Azure's own path is /openai/realtimeapi/sessions.
const flatPath = /^(?:\/[^/]+)*\/(?:realtime|realtimeapi)\/sessions$/

const toFlatRoute = (path: string): MintRoute | undefined => (flatPath.test(path) ? 'flat' : undefined)

const MAX_REQUESTS = 1000
const MAX_BODY_BYTES = 1024 * 1024

/** Starts a sandbox on a free port of 127.0.0.1. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { apiKey, now = Date.now, loadWebRtc = () => import('werift') } = options
  const labelled = (line: object): void => options.log?.({ sandbox: LABEL, ...line })
  const isFlat = options.api === 'sessions'
  const terms = { apiKey, validators: createValidators() }
  const context: Context = {
    routeOf: isFlat ? toFlatRoute : (path) => gaRoutes.get(path),
    terms,
    connections: isFlat ? null : createConnections({ terms, now, log: labelled, loadWebRtc }),
    log: labelled,
    now,
    requests: [],
    slot: createBehaviourSlot(),
  }
  const server = createSandboxServer(context)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/v1`
  labelled({ event: 'listening', base_url: baseUrl })
  return {
    baseUrl,
    requests: context.requests,
    behave: (behaviour, times) => context.slot.tell({ behaviour, times }),
    expireSecrets: () => context.connections?.expire(),
    close: async () => {
      await context.connections?.close()
      await closeServer(server)
    },
  }
}

function createSandboxServer(context: Context): Server {
  // Without this option, Node answers some requests by itself, without the label.
  const server = createServer({ requireHostHeader: false })
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    serve(context, request, response).catch((error: unknown) => {
      context.log({ event: 'broken', error: String(error) })
      response.destroy()
    })
  }
  server.on('request', listen)
  server.on('checkExpectation', listen)
  server.on('clientError', refuseGarbage)
  const { connections } = context
  if (connections !== null) {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      connections.serveUpgrade(request, socket, head).catch(() => socket.destroy())
    })
  }
  return server
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function serve(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const started = performance.now()
  const { method = '', url = '' } = request
  const path = url.split('?', 1)[0] ?? ''
  const route = context.routeOf(path)
  const requestId = setCommonHeaders(response, context.now())
  const entry = { event: 'request', method, path, request_id: requestId }
  response.once('close', () => {
    const status = response.headersSent ? response.statusCode : null
    context.log({ ...entry, status, ms: Math.round(performance.now() - started) })
  })
  if (path.startsWith('/sandbox/')) return control(context, request, response)
  if (context.connections?.isCallPath(path) === true) {
    return context.connections.serveCall(request, response, async () => (await readBody(request)).bytes)
  }
  if (route === undefined || method !== 'POST') return sendRefusal(response, invalidUrl(request))
  await mint(context, request, response, route)
}

async function mint(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
  route: MintRoute,
): Promise<void> {
  const started = performance.now()
  const { bytes, tooLarge } = await readBody(request)
  const { terms, requests, slot, now } = context
  requests.push({ path: request.url ?? '', headers: request.headers, body: bytes.toString(), at: now() })
  if (requests.length > MAX_REQUESTS) requests.shift()
  const behaviour = slot.take()
  const verdict = tooLarge
    ? ({ granted: false, refusal: refuse(413, null, 'The body of the request is too large.') } as const)
    : judge({ route, headers: request.headers, body: bytes }, terms, now())
  if (verdict.granted) context.connections?.allow(verdict)
  response.setHeader('openai-processing-ms', Math.round(performance.now() - started))
  await perform(behaviour, response, { verdict, terms })
}

async function control(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const command = `${request.method} ${request.url}`
  if (command === 'GET /sandbox/requests') {
    const requests = context.requests.map(({ path, body, at }) => ({ path, body, at }))
    return send(response, { status: 200, body: JSON.stringify({ requests }) })
  }
  if (command !== 'PUT /sandbox/behaviour') {
    const known = 'PUT /sandbox/behaviour and GET /sandbox/requests'
    return sendRefusal(response, refuse(404, null, `The sandbox is controlled by ${known}.`))
  }
  const parsed = parseOrder((await readBody(request)).bytes.toString())
  if ('error' in parsed) return sendRefusal(response, refuse(400, 'invalid_behaviour', parsed.error))
  context.slot.tell(parsed.order)
  context.log({ event: 'behaviour', ...parsed.order })
  return send(response, { status: 200, body: JSON.stringify(parsed.order) })
}

function sendRefusal(response: ServerResponse, refusal: Refusal): Promise<void> {
  return send(response, toAnswer({ granted: false, refusal }))
}

/** Reads a body to its end, so that no reset loses the reply. Keeps at most the limit in memory. */
async function readBody(request: IncomingMessage): Promise<{ bytes: Buffer; tooLarge: boolean }> {
  const kept: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size <= MAX_BODY_BYTES) kept.push(bytes)
  }
  return { bytes: Buffer.concat(kept), tooLarge: size > MAX_BODY_BYTES }
}

function refuseGarbage(_error: Error, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  endWith(socket, refuse(400, null, 'The request is not valid HTTP.'))
}
