/** The OpenAPI document of the admin listener. */
import type { z } from 'zod'
import { type AdminErrorName, adminErrors } from '../admin-error.ts'
import { attemptsQuery } from '../api-query.ts'
import {
  attemptsReply,
  liveRecords,
  pauseBody,
  pausesReply,
  reloadReply,
  resumeQuery,
  stateReply,
  storedReply,
  summaryReply,
} from '../api-schemas.ts'
import { otherFailure, toDocument, toFailureReplies, toJsonContent, toReply, toSchema } from './document.ts'

/** Every route can answer with these. */
const always = ['host', 'cross_site', 'token', 'guesses', 'requests'] as const
const ofQueries = ['query', 'query_unknown'] as const
const ofIndex = [...ofQueries, 'audit_unreadable', 'index_restarts', 'index_busy'] as const
const ofScopes = ['scope', 'preset', 'origin', 'caller'] as const

interface Operation {
  readonly reply: object
  readonly errors?: readonly AdminErrorName[]
  readonly query?: z.ZodType
  readonly body?: z.ZodType
}

/** A parameter that is a list is repeated. */
const toParameters = (query: z.ZodType) =>
  Object.entries(Object(toSchema(query, 'input')['properties'])).map(([name, schema]) => ({
    name,
    in: 'query',
    schema,
    explode: true,
  }))

const toOperation = (
  operationId: string,
  summary: string,
  { reply, errors = [], query, body }: Operation,
) => ({
  operationId,
  summary,
  ...(query === undefined ? {} : { parameters: toParameters(query) }),
  ...(body === undefined
    ? {}
    : { requestBody: { required: true, content: toJsonContent(toSchema(body, 'input')) } }),
  responses: {
    200: reply,
    ...toFailureReplies([...always, ...errors].map((name) => adminErrors[name])),
    default: otherFailure,
  },
})

const toText = (type: string, description: string) => ({
  description,
  content: { [type]: { schema: { type: 'string' } } },
})

const documentReply = toReply('An OpenAPI document.', { type: 'object' })

const recordPaths = () => ({
  '/api/attempts': {
    get: toOperation('listAttempts', 'Records, newest first, a page at a time.', {
      query: attemptsQuery,
      errors: ofIndex,
      reply: toReply('A page.', toSchema(attemptsReply)),
    }),
  },
  '/api/attempts.csv': {
    get: toOperation('exportAttempts', 'The same as CSV, up to 100,000 records.', {
      query: attemptsQuery,
      errors: ofIndex,
      reply: toText('text/csv', 'With the names of the columns.'),
    }),
  },
  '/api/summary': {
    get: toOperation('getSummary', 'Attempts over time, by code, preset, caller and address, and changes.', {
      query: attemptsQuery,
      errors: [...ofIndex, 'span'],
      reply: toReply('Counts.', toSchema(summaryReply)),
    }),
  },
})

const pausePaths = () => ({
  '/api/pauses': {
    get: toOperation('listPauses', 'The pauses in effect, oldest first.', {
      reply: toReply('Pauses.', toSchema(pausesReply)),
    }),
    post: toOperation('pause', 'Stop minting for one scope: preset, origin, caller, or all.', {
      body: pauseBody,
      errors: ['writes_disabled', 'field', 'field_unknown', ...ofScopes, 'too_many_pauses'],
      reply: toReply('It is in effect here.', toSchema(storedReply)),
    }),
    delete: toOperation('resume', 'End the pause of one scope.', {
      query: resumeQuery,
      errors: ['writes_disabled', ...ofQueries, ...ofScopes, 'not_paused'],
      reply: toReply('It has ended here.', toSchema(storedReply)),
    }),
  },
})

const liveDescription = '`state`: the reply of /api/state. `records`: there are others to ask for.'

const otherPaths = () => ({
  '/api/state': {
    get: toOperation('getState', 'Whether the service is minting, and what its parts do.', {
      reply: toReply('The state.', toSchema(stateReply)),
    }),
  },
  '/api/live': {
    get: toOperation(
      'listen',
      'Server-sent events: the state when it changes, and when there are other records.',
      {
        errors: ['streams'],
        reply: {
          description: liveDescription,
          content: {
            'text/event-stream': { schema: { anyOf: [toSchema(stateReply), toSchema(liveRecords)] } },
          },
        },
      },
    ),
  },
  '/api/reload': {
    post: toOperation('reload', 'Read presets and API key again, as SIGHUP does.', {
      errors: ['writes_disabled'],
      reply: toReply('What changed.', toSchema(reloadReply)),
    }),
  },
  '/metrics': {
    get: toOperation('getMetrics', 'Metrics for Prometheus.', {
      reply: toText('text/plain', 'In Prometheus’s text format.'),
    }),
  },
  '/': {
    get: toOperation('getPage', 'The operations page.', { reply: toText('text/html', 'For people.') }),
  },
  '/openapi.json': {
    get: toOperation('getDocument', 'This document.', { reply: documentReply }),
  },
  '/openapi-public.json': {
    get: toOperation('getPublicDocument', 'The document of the public listener.', { reply: documentReply }),
  },
})

export const toAdminDocument = (): object =>
  toDocument({
    title: 'realtime-mint operations',
    description: 'What the service did and does. Never public. GET routes answer HEAD too, except /api/live.',
    security: [{ bearer: [] }, { basic: [] }, {}],
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' },
      basic: { type: 'http', scheme: 'basic', description: 'ADMIN_TOKEN as the password.' },
    },
    paths: { ...otherPaths(), ...recordPaths(), ...pausePaths() },
  })
