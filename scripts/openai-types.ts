/**
 * `npm run sandbox:types` writes sandbox/openai-types.json: what OpenAI's SDK declares of minting requests and of a
 * client's events, as JSON Schema. It is the sandbox's evidence, independent of the service's own schema. A test compares the file with this.
 */
import { dirname, join } from 'node:path'
import { createGenerator } from 'ts-json-schema-generator'

const RESOURCES = join(dirname(import.meta.dirname), 'node_modules/openai/resources')

const sources = {
  client_secrets: ['realtime/client-secrets.d.ts', 'ClientSecretCreateParams'],
  translations: ['realtime/realtime.d.ts', 'RealtimeTranslationClientSecretCreateRequest'],
  sessions: ['beta/realtime/sessions.d.ts', 'SessionCreateParams'],
  client_events: ['realtime/realtime.d.ts', 'RealtimeClientEvent'],
} as const

/** Types only: the SDK's descriptions stay where they are. */
function toSchema([path, type]: readonly [path: string, type: string]) {
  const generator = createGenerator({
    path: join(RESOURCES, path),
    type,
    expose: 'none',
    topRef: false,
    jsDoc: 'none',
    additionalProperties: false,
    skipTypeCheck: true,
  })
  return generator.createSchema(type)
}

const schemas = Object.fromEntries(Object.entries(sources).map(([name, source]) => [name, toSchema(source)]))

process.stdout.write(`${JSON.stringify(schemas, null, 2)}\n`)
