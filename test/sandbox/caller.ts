// For the tests of the sandbox: a running sandbox, and calls to it.
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterEach, expect } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import { share } from '../support/shared-service.ts'

export const apiKey = 'sk-test-0123456789abcdef-WXYZ'

/** Where flat requests go; the default is `/realtime/client_secrets`. */
export const flatPath = '/realtime/sessions'

/** One sandbox for a file or a group of tests. Its behaviour is normal again after each test. */
export function useSandbox(options: Partial<SandboxOptions> = {}): () => Sandbox {
  const sandbox = share(async (defer) => {
    const started = await startSandbox({ apiKey, ...options })
    defer(started.close)
    return started
  })
  afterEach(() => sandbox().behave({ kind: 'normal' }))
  return sandbox
}

/** POSTs a body (JSON unless it is a string) to a path below `/v1`, by default with the right key. */
export function post(
  sandbox: Sandbox,
  body: unknown = {},
  {
    path = '/realtime/client_secrets',
    headers = {},
  }: { path?: string; headers?: Record<string, string> } = {},
): Promise<Response> {
  return fetch(`${sandbox.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  })
}

/** `nest('audio.output.speed', 1)` is `{ audio: { output: { speed: 1 } } }`. */
export function nest(path: string, value: unknown): Record<string, unknown> {
  return path
    .split('.')
    .toReversed()
    .reduce<Record<string, unknown>>((inner, key, index) => ({ [key]: index === 0 ? value : inner }), {})
}

/** What a refusal is compared by. */
export const refusalOf = async (response: Promise<Response>): Promise<unknown> => {
  const { status } = await response
  return { status, body: await (await response).json() }
}

/** The 400 in OpenAI's envelope that `refusalOf` should find. */
export const refused = (code: string | null, param: string | null): unknown => {
  const error = { message: expect.any(String), type: 'invalid_request_error', param, code }
  return { status: 400, body: { error } }
}

/** A POST of `{}` by plain http, whose reply is not decoded. */
export async function raw(sandbox: Sandbox, path = '/realtime/client_secrets'): Promise<IncomingMessage> {
  const call = request(`${sandbox.baseUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
  })
  call.end('{}')
  const [reply]: IncomingMessage[] = await once(call, 'response')
  if (reply === undefined) throw new Error('no reply')
  return reply
}
