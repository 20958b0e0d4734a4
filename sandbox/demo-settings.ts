/** The settings of the demo: the normal service with the sandbox instead of OpenAI. */
import { randomBytes } from 'node:crypto'
import type { Environment } from '../src/config.ts'
import { startSandbox } from './sandbox.ts'

/** The usual ports of front-end development servers, and the service's own. */
const ORIGINS = 'http://localhost:3000,http://localhost:5173,http://localhost:8080'

export interface Demo {
  readonly environment: Environment
  /** Commands to try, for the terminal. */
  readonly toInvitation: (url: string) => string
  readonly close: () => Promise<void>
}

/** Starts the sandbox and returns the environment that makes the service use it, without any real key. */
export async function startDemo(environment: Environment): Promise<Demo> {
  const apiKey = `sk-sandbox-${randomBytes(16).toString('hex')}`
  const sandbox = await startSandbox({ apiKey })
  const origins = environment['ALLOWED_ORIGINS'] || ORIGINS
  return {
    environment: {
      ...environment,
      OPENAI_API_KEY: apiKey,
      OPENAI_API_KEY_FILE: undefined,
      OPENAI_BASE_URL: sandbox.baseUrl,
      OPENAI_AUTH: undefined,
      OPENAI_REALTIME_API: undefined,
      UPSTREAM_SECRET_PREFIX: undefined,
      AUTH_MODE: 'none',
      ALLOWED_ORIGINS: origins,
    },
    toInvitation: (url) => writeInvitation(url, origins.split(',')[0] ?? '', sandbox.baseUrl),
    close: sandbox.close,
  }
}

const writeInvitation = (url: string, origin: string, sandboxUrl: string): string => `
realtime-mint demo: minting against a sandbox on this machine. Its secrets open nothing.

  service   ${url}
  sandbox   ${sandboxUrl}

Ask for a client secret as a page of ${origin} would:

  curl -sS ${url}/v1/realtime/client_secrets -H 'Origin: ${origin}' -H 'Content-Type: application/json' -d '{"preset":"voice-assistant"}'

Make the sandbox fail, and ask again:

  curl -sS -X PUT ${sandboxUrl.replace(/\/v1$/, '')}/sandbox/behaviour -d '{"behaviour":{"kind":"status","status":503},"times":3}'

Ctrl-C ends both.

`
