/** `POST /v1/realtime/calls`: a page's offer and its client secret become a WebRTC connection. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, send, toAnswer } from '../answer.ts'
import { invalidUrl } from '../failures.ts'
import { checkKey, toBearer } from '../mint.ts'
import { invalid, type Refusal, refuse, toRefusal } from '../refusal.ts'
import { type SessionEcho, toId } from '../session.ts'
import { answerOffer } from './answerer.ts'
import { type CallBody, parseCallBody } from './call-body.ts'
import type { ConnectionContext } from './context.ts'
import { startConversation } from './conversation.ts'
import { changeSession } from './session-change.ts'

const PATH = '/v1/realtime/calls'

/** As OpenAI allows it: a page of any origin, with its secret. */
const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Location, x-request-id',
} as const

export const isCallPath = (path: string): boolean => path === PATH || path.startsWith(`${PATH}/`)

export const toModel = ({ url = '' }: IncomingMessage): string | null =>
  new URL(url, 'http://sandbox.invalid').searchParams.get('model')

const refused = (refusal: Refusal): Answer => toAnswer({ granted: false, refusal })

function toPreflight({ headers }: IncomingMessage): Answer {
  const asked = headers['access-control-request-headers']
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': 'POST',
      ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    },
    body: '',
  }
}

/** Ends a call for the owner of the key. */
function hangUp(context: ConnectionContext, { headers }: IncomingMessage, path: string): Answer {
  const refusal = checkKey(headers, context.terms)
  if (refusal !== undefined) return refused(refusal)
  const id = path.slice(PATH.length + 1, -'/hangup'.length)
  return context.live.end(id)
    ? { status: 200, body: '' }
    : refused(refuse(404, 'call_not_found', 'There is no such call.'))
}

/** Applies the session of a form, with the rules for `session.update`. */
function toSession(
  { validator }: ConnectionContext,
  session: SessionEcho,
  change: unknown,
): ReturnType<typeof changeSession> {
  if (change === null) return { session }
  const event: unknown = { type: 'session.update', session: change }
  const validate = validator()
  if (!validate(event)) return { refusal: toRefusal(validate.errors ?? []) }
  return event.type === 'session.update'
    ? changeSession(session, event.session, { hasSpoken: false })
    : { session }
}

async function loadWebRtc({ loadWebRtc: load }: ConnectionContext) {
  try {
    return await load()
  } catch {
    return null
  }
}

async function connect(
  context: ConnectionContext,
  session: SessionEcho,
  { offer }: CallBody,
): Promise<Answer> {
  const webRtc = await loadWebRtc(context)
  if (webRtc === null) {
    const message = 'WebRTC needs the development dependency werift, which is not installed. Run npm ci.'
    return refused(refuse(501, null, message, { type: 'server_error' }))
  }
  const id = toId('rtc')
  const { live, log, validator } = context
  // Counts from now on, because the answer takes a moment.
  live.add(id, () => undefined)
  try {
    const { sdp, close } = await answerOffer({
      offer,
      webRtc,
      onChannel: (sendText) =>
        startConversation({ session, validator: validator(), send: sendText, hasTracks: true }),
      onEnd: () => {
        live.remove(id)
        log({ event: 'call ended', id })
      },
    })
    live.add(id, close)
    log({ event: 'call', id })
    return {
      status: 201,
      headers: { location: `${PATH}/${id}`, 'content-type': 'application/sdp' },
      body: sdp,
    }
  } catch {
    return refused(invalid('sdp', 'The offer is not a valid SDP.'))
  }
}

async function toCallAnswer(
  context: ConnectionContext,
  request: IncomingMessage,
  readBody: () => Promise<Buffer>,
): Promise<Answer> {
  const bytes = await readBody()
  const admission = context.secrets.admit(toBearer(request.headers), toModel(request))
  if ('refusal' in admission) return refused(admission.refusal)
  const full = context.live.checkRoom()
  if (full !== undefined) return refused(full)
  const body = await parseCallBody(request.headers['content-type'] ?? '', bytes)
  if ('refusal' in body) return refused(body.refusal)
  const changed = toSession(context, admission.session, body.session)
  return 'refusal' in changed ? refused(changed.refusal) : connect(context, changed.session, body)
}

/** Serves the paths of calls. */
export async function serveCall(
  context: ConnectionContext,
  request: IncomingMessage,
  response: ServerResponse,
  readBody: () => Promise<Buffer>,
): Promise<void> {
  for (const [name, value] of Object.entries(corsHeaders)) response.setHeader(name, value)
  const path = request.url?.split('?', 1)[0] ?? ''
  const { method } = request
  if (method === 'OPTIONS') return send(response, toPreflight(request))
  if (method === 'POST' && path === PATH) {
    return send(response, await toCallAnswer(context, request, readBody))
  }
  if (method === 'POST' && path.endsWith('/hangup')) return send(response, hangUp(context, request, path))
  return send(response, refused(invalidUrl(request)))
}
