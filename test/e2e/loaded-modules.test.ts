// Which modules a service loads: only what its settings need.
import { expect, it } from 'vitest'
import { createEnvironment, startProcess } from '../support/process.ts'
import { secretEnvironment } from '../support/tokens.ts'
import { NO_UPSTREAM, printer } from './processes.ts'

const parts = {
  'the Redis client': /\/node_modules\/ioredis\//,
  jose: /\/node_modules\/jose\//,
  'the metrics client': /\/node_modules\/@prometheus-io\/client\//,
  'the admin listener': /\/src\/admin\//,
  'a compiler of JSON Schema': /\/node_modules\/ajv\//,
  'the fetch of undici': /\/undici\/lib\/web\/fetch\//,
  SQLite: /^node:sqlite$/m,
  'a command': /\/src\/cli\/(?:audit|check|explain)/,
  'the sandbox': /\/sandbox\//,
  TypeScript: /\/node_modules\/typescript/,
} as const

/** The parts that a service has loaded when it listens. */
async function findLoadedParts(settings: Readonly<Record<string, string>>): Promise<string[]> {
  const environment = { ...(await createEnvironment(NO_UPSTREAM)), ...settings }
  const service = startProcess([process.execPath, ...printer, 'src/main.ts'], environment)
  await service.seen(/"msg":"listening"/)
  const loaded = service.stderr()
  expect(loaded).toContain('/src/service.ts')
  return Object.entries(parts).flatMap(([name, pattern]) => (pattern.test(loaded) ? [name] : []))
}

it.each<[what: string, settings: Readonly<Record<string, string>>, loaded: readonly string[]]>([
  ['the defaults', {}, []],
  ['REDIS_URL', { REDIS_URL: 'redis://127.0.0.1:9', AUDIT_KEY: 'k'.repeat(32) }, ['the Redis client']],
  ['AUTH_MODE=jwt', secretEnvironment, ['jose']],
  ['ADMIN_PORT', { ADMIN_PORT: '0' }, ['the metrics client', 'the admin listener']],
])('with %s, a service loads the parts that this needs and no other', async (_what, settings, loaded) => {
  expect(await findLoadedParts(settings)).toStrictEqual(loaded)
})
