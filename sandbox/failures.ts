// OpenAI's failures and refusals that do not depend on the request's body.
import type { IncomingMessage } from 'node:http'
import { type Refusal, refuse } from './refusal.ts'

type Failure = readonly [status: number, code: string | null, type: string, message: string]

const invalid = 'invalid_request_error'
// All billing failures have this type. Only their codes differ.
const billing = 'insufficient_quota'

// The first row of a status applies if no code is given.
const failures: readonly Failure[] = [
  [400, 'invalid_value', invalid, 'The session was not accepted.'],
  [
    400,
    'beta_api_shape_disabled',
    invalid,
    'The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.',
  ],
  [400, 'billing_hard_limit_reached', billing, 'The billing hard limit is reached.'],
  [401, 'invalid_api_key', invalid, 'The API key was not accepted.'],
  [403, 'unsupported_country_region_territory', 'request_forbidden', 'This country or region is not served.'],
  [403, 'model_not_found', invalid, 'This project has no access to the model.'],
  [404, 'model_not_found', invalid, 'The model does not exist, or this key has no access to it.'],
  [404, 'unknown_url', invalid, 'The URL is unknown.'],
  [429, 'rate_limit_exceeded', 'requests', 'Too many requests. Try again later.'],
  [429, 'slow_down', 'rate_limit_error', 'Requests are growing too fast. Slow down.'],
  [429, 'insufficient_quota', billing, 'The quota is used up. Check plan and billing.'],
  [429, 'credit_balance_exhausted', billing, 'The credit balance is used up.'],
  [429, 'organization_spend_limit_exceeded', billing, "The organization's spend limit is reached."],
  [429, 'project_spend_limit_exceeded', billing, "The project's spend limit is reached."],
  [429, 'organization_usage_limit_exceeded', billing, "The organization's usage limit is reached."],
  [500, 'server_error', 'server_error', 'The server failed while working on the request.'],
  [503, 'server_is_overloaded', 'service_unavailable_error', 'The server is overloaded or not ready yet.'],
]

interface Chosen {
  readonly code?: string | null | undefined
  readonly message?: string | undefined
}

/**
 * The envelope that OpenAI sends with a status.
 *
 * @param code selects a failure of that status; unknown codes and null are sent as they are
 */
export function failWith(status: number, chosen: Chosen): Refusal {
  const matches = ([of, code]: Failure): boolean =>
    of === status && (chosen.code === undefined || code === chosen.code)
  const fallback: Failure = [
    status,
    chosen.code ?? null,
    status < 500 ? invalid : 'server_error',
    `The sandbox was told to answer ${status}.`,
  ]
  const [, code, type, message] = failures.find(matches) ?? fallback
  return refuse(status, code, chosen.message ?? message, { type })
}

/** Refuses a URL that OpenAI does not serve. */
export function invalidUrl({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): Refusal {
  return refuse(404, null, `Invalid URL (${method} ${url?.split('?', 1)[0]})`)
}

/** Refuses an API key as OpenAI does. The message shows both ends of the key, so it must never be relayed. */
export function invalidApiKey(given: string | undefined): Refusal {
  const message =
    given === undefined
      ? 'No API key was provided. Send it as a Bearer token in the Authorization header.'
      : `Incorrect API key provided: ${maskKey(given)}. Check it where your keys are listed.`
  return refuse(401, 'invalid_api_key', message)
}

function maskKey(key: string): string {
  if (key.length < 12) return '*'.repeat(key.length)
  return `${key.slice(0, 3)}${'*'.repeat(key.length - 7)}${key.slice(-4)}`
}
