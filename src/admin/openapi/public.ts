/** The OpenAPI document of the public listener. */
import { z } from 'zod'
import { clientSecretsBody, sessionsBody } from '../../presets/request/mint-request.ts'
import { flatSession } from '../../presets/schema/flat.ts'
import { requestedSessions } from '../../presets/schema/ga.ts'
import {
  listServiceFailures,
  otherFailure,
  toDocument,
  toFailureReplies,
  toJsonContent,
  toReply,
  toSchema,
} from './document.ts'

const secretReply = z.strictObject({
  value: z.string().describe('The client secret: `ek_…`.'),
  expires_at: z.int().describe('Unix seconds.'),
})

const sessionReply = z.strictObject({ client_secret: secretReply })

const readyReply = z.strictObject({
  status: z.enum(['ok', 'draining', 'audit_unavailable', 'authentication_unavailable', 'limits_unavailable']),
})

const liveReply = readyReply.extend({ status: z.literal('ok') })

/** Checked by the preset, so the body's own schema leaves them open. */
const variables = z.record(z.string(), z.string()).optional()

const gaBody = clientSecretsBody.extend({
  variables,
  session: z.union(Object.values(requestedSessions)).optional(),
})

const flatBody = z.strictObject({ ...flatSession.shape, ...sessionsBody.shape, variables })

interface Minting {
  readonly operationId: string
  readonly summary: string
  readonly body: z.ZodType
  readonly reply: z.ZodType
}

const toMinting = ({ operationId, summary, body, reply }: Minting) => ({
  post: {
    operationId,
    summary,
    parameters: [{ name: 'preset', in: 'query', description: 'As in the body.', schema: { type: 'string' } }],
    requestBody: { required: false, content: toJsonContent(toSchema(body, 'input')) },
    responses: {
      200: toReply('A client secret, minted for this request.', toSchema(reply)),
      ...toFailureReplies(listServiceFailures()),
      default: otherFailure,
    },
  },
})

/** Routes that answer GET and HEAD. */
const toReading = (operationId: string, summary: string, responses: object) => ({
  get: { operationId, summary, security: [], responses: { ...responses, default: otherFailure } },
  head: {
    operationId: `${operationId}Head`,
    summary: `${summary} Without a body.`,
    security: [],
    responses: { 200: { description: 'As for GET.' }, default: { description: 'As for GET.' } },
  },
})

export const toPublicDocument = (): object =>
  toDocument({
    title: 'realtime-mint',
    description: 'Mints short-lived client secrets for the OpenAI Realtime API.',
    security: [{ caller: [] }, {}],
    securitySchemes: {
      caller: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'With AUTH_MODE=jwt.' },
    },
    paths: {
      '/v1/realtime/client_secrets': toMinting({
        operationId: 'createClientSecret',
        summary: 'Mint a client secret, in the shape of OpenAI’s GA endpoint.',
        body: gaBody,
        reply: secretReply,
      }),
      '/v1/realtime/sessions': toMinting({
        operationId: 'createSession',
        summary: 'Mint a client secret, in the flat shape of OpenAI’s older endpoint.',
        body: flatBody,
        reply: sessionReply,
      }),
      '/livez': toReading('getLiveness', 'Whether the process answers.', {
        200: toReply('It does.', toSchema(liveReply)),
      }),
      '/readyz': toReading('getReadiness', 'Whether the service can mint.', {
        200: toReply('It can.', toSchema(readyReply)),
        503: toReply('It cannot: the status says why.', toSchema(readyReply)),
      }),
      '/client.js': toReading('getClient', 'The client for browsers.', {
        200: {
          description: 'A JavaScript module.',
          content: { 'text/javascript': { schema: { type: 'string' } } },
        },
        304: { description: 'The browser has this version.' },
      }),
    },
  })
