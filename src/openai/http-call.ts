/** One HTTP call to upstream: the request, and what its reply means. */
import type { EventEmitter } from 'node:events'
import type { Dispatcher } from 'undici'
import { ServiceError } from '../errors.ts'
import { withDeadline } from '../outbound/deadline.ts'
import { type Reply, request } from '../outbound/request.ts'
import type { UpstreamRequest } from '../presets/request/upstream-request.ts'
import type { Secret } from '../secret.ts'
import { isTransient, toReplyFailure } from './failures.ts'
import { hasPartOfKey } from './key-parts.ts'
import {
  type ClientSecret,
  type ErrorFacts,
  noErrorFacts,
  parseClientSecret,
  parseErrorFacts,
  type ReplyExpectation,
} from './reply.ts'

export interface CallOptions {
  /** Its query is kept. */
  readonly baseUrl: URL
  /** `Authorization: Bearer`, or Azure's `api-key`. */
  readonly auth: 'bearer' | 'api-key'
  readonly organization: string | undefined
  readonly project: string | undefined
  /** What client secrets begin with; '' for anything. */
  readonly secretPrefix: string
}

/** What upstream learns about the caller. */
export interface CallContext {
  /** Our id, which finds the call in upstream's logs. */
  readonly requestId: string
  /** 64 hex, unique to the person; null for anonymous callers. */
  readonly safetyIdentifier: string | null
}

/** A refusal's body only refines what its status says. */
const REFUSAL_BODY_MS = 500

/** The ids of OpenAI and Azure. No key and no secret looks like one, except Azure's keys. */
const requestIdPattern = /^(?:req_)?[0-9a-f][0-9a-f-]{15,63}$/

/** After the base URL's `/realtime`. */
export const upstreamPaths = {
  client_secrets: '/client_secrets',
  translations: '/translations/client_secrets',
  sessions: '/sessions',
} as const satisfies Record<UpstreamRequest['preset']['endpoint'], string>

/** The base URL may end in `/realtime`, or in the folder of Azure's preview. */
function toFolder({ pathname }: URL): string {
  const base = pathname.replace(/\/$/, '')
  return /\/realtime(?:api)?$/.test(base) ? base : `${base}/realtime`
}

const toHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

/** Upstream's id of the call, if it has the form of one and no part of our key. */
export function toReplyId({ headers }: Reply, apiKey: Secret): string | null {
  const id = toHeader(headers['x-request-id'])
  return id !== undefined && requestIdPattern.test(id) && !hasPartOfKey(apiKey.reveal(), id) ? id : null
}

const toFixedHeaders = ({ organization, project }: CallOptions): Record<string, string> => ({
  'content-type': 'application/json',
  accept: 'application/json',
  'accept-encoding': 'identity',
  ...(organization === undefined ? {} : { 'openai-organization': organization }),
  ...(project === undefined ? {} : { 'openai-project': project }),
})

/** Resolves with the head of the reply. Rejects with an error of the connection. */
export type Send = (
  request: UpstreamRequest,
  apiKey: Secret,
  context: CallContext,
  signal: EventEmitter,
) => Promise<Reply>

export function createSend(options: CallOptions, dispatcher: Dispatcher): Send {
  const { baseUrl, auth } = options
  const { origin, search } = baseUrl
  const folder = toFolder(baseUrl)
  const fixedHeaders = toFixedHeaders(options)

  return ({ preset, body }, apiKey, { requestId, safetyIdentifier }, signal) => {
    const key = apiKey.reveal()
    const headers: Record<string, string> = { ...fixedHeaders, 'x-client-request-id': requestId }
    if (auth === 'bearer') headers['authorization'] = `Bearer ${key}`
    else headers['api-key'] = key
    if (safetyIdentifier !== null) headers['openai-safety-identifier'] = safetyIdentifier
    const path = `${folder}${upstreamPaths[preset.endpoint]}${search}`
    return request(dispatcher, { origin, method: 'POST', path, headers, body, signal })
  }
}

/** We accept no encoding. Some servers name `identity`. */
const isEncoded = (headers: Reply['headers']): boolean =>
  String(headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity'

/** The body of a 4xx or 501 tells more than its status. Nothing may wait for it for long. */
async function readErrorFacts(reply: Reply): Promise<ErrorFacts> {
  const { statusCode, headers } = reply
  if (statusCode < 400 || isTransient(statusCode) || isEncoded(headers)) return noErrorFacts
  const read = async (): Promise<ErrorFacts> => parseErrorFacts(await reply.text().catch(() => ''))
  return withDeadline(REFUSAL_BODY_MS, read, () => noErrorFacts)
}

async function toRefusal(reply: Reply, flat: boolean, nowMs: number): Promise<RefusalError> {
  const facts = await readErrorFacts(reply)
  reply.discard()
  const { statusCode: status, headers } = reply
  const retryAfter = toHeader(headers['retry-after'])
  return new RefusalError(toReplyFailure({ status, code: facts.code, flat, retryAfter }, nowMs), facts)
}

/** Upstream refused. Carries what operators may know. */
export class RefusalError extends Error {
  readonly failure: ServiceError
  readonly facts: ErrorFacts

  constructor(failure: ServiceError, facts: ErrorFacts) {
    super('upstream refused')
    this.name = 'RefusalError'
    this.failure = failure
    this.facts = facts
  }
}

/** The client secret in `reply`. Throws a RefusalError, a ServiceError for a malformed reply, or an error of the connection. */
export async function readClientSecret(reply: Reply, expected: ReplyExpectation): Promise<ClientSecret> {
  const { statusCode, headers } = reply
  if (statusCode !== 200) throw await toRefusal(reply, expected.flat, expected.nowMs)
  if (isEncoded(headers)) {
    reply.discard()
    throw new ServiceError('upstream_encoded')
  }
  return parseClientSecret(await reply.text(), expected)
}
