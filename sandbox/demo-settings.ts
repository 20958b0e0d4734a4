/** The settings of the demo: the normal service with the sandbox instead of OpenAI. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Config, Environment } from '../src/config.ts'
import type { Runtime } from '../src/runtime.ts'
import type { Service } from '../src/service.ts'
import { createDemoIssuer, type DemoIssuer } from './demo-issuer.ts'
import { addDemoPage } from './demo-page.ts'
import { startSandbox } from './sandbox.ts'

/** What the demo takes from the user. Everything else may belong to a production `.env`. */
const kept = [
  'HOST',
  'PORT',
  'ADMIN_PORT',
  'PRESETS_FILE',
  'DEFAULT_PRESET',
  'LOG_LEVEL',
  'RATE_LIMIT_PER_ADDRESS',
  'RATE_LIMIT_PER_CALLER',
  'RATE_LIMIT_TOTAL',
] as const

const EXAMPLE_ORIGIN = 'http://localhost:5173'

/** Every port of this machine: nobody knows where a front-end development server listens. */
class LoopbackOrigins extends Set<string> {
  override has(origin: string): boolean {
    return /^http:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/.test(origin)
  }
}

export interface Demo {
  readonly environment: Environment
  /** Its own: records of secrets that open nothing stay apart from real ones. */
  readonly auditDirectory: string
  /** Allows the pages of this machine, which no setting can list. */
  readonly adjust: (config: Config) => Config
  /** Adds the page to try things on. */
  readonly extend: (runtime: Runtime) => Promise<void>
  /** Commands to try, for the terminal. */
  readonly toInvitation: (urls: Pick<Service, 'url' | 'adminUrl'>) => string
  readonly close: () => Promise<void>
}

/** Starts the sandbox and returns the environment that makes the service use it, without any real key. */
export async function startDemo(environment: Environment): Promise<Demo> {
  const apiKey = `sk-sandbox-${randomBytes(16).toString('hex')}`
  const sandbox = await startSandbox({ apiKey })
  // The one setting of AUTH_… that the demo takes: whether callers need a token.
  const issuer = environment['AUTH_MODE'] === 'jwt' ? createDemoIssuer() : null
  const auditDirectory = join(environment['AUDIT_DIR'] || './audit', 'demo')
  return {
    environment: {
      // The page makes many small requests.
      RATE_LIMIT_PER_ADDRESS: '600/minute',
      RATE_LIMIT_PER_CALLER: '60/minute',
      // A free one: another demo may run.
      ADMIN_PORT: '0',
      ...Object.fromEntries(kept.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
      AUDIT_DIR: auditDirectory,
      OPENAI_API_KEY: apiKey,
      OPENAI_BASE_URL: sandbox.baseUrl,
      ...(issuer?.environment ?? { AUTH_MODE: 'none' }),
      ALLOWED_ORIGINS: EXAMPLE_ORIGIN,
    },
    auditDirectory,
    adjust: (config) => ({ ...config, allowedOrigins: new LoopbackOrigins([EXAMPLE_ORIGIN]) }),
    extend: (runtime) => addDemoPage(runtime, { sandbox, issuer }),
    toInvitation: (urls) => writeInvitation(urls, sandbox.baseUrl, issuer),
    close: sandbox.close,
  }
}

const writeInvitation = (
  { url, adminUrl }: Pick<Service, 'url' | 'adminUrl'>,
  sandboxUrl: string,
  issuer: DemoIssuer | null,
): string => `
realtime-mint demo: minting against a sandbox on this machine. Its secrets open nothing.

Open ${url} in a browser to try it, and ${adminUrl} to see what happened.

  service      ${url}
  operations   ${adminUrl}
  sandbox      ${sandboxUrl}

Pages of http://localhost and http://127.0.0.1 may ask, on any port. Ask for a client secret as one of them:

  curl -sS ${url}/v1/realtime/client_secrets -H 'Origin: ${EXAMPLE_ORIGIN}' -H 'Content-Type: application/json' ${issuer === null ? '' : `-H "Authorization: Bearer $(curl -sS ${url}/demo/token)" `}-d '{"preset":"voice-assistant"}'

Make the sandbox fail, and ask again. This fails the next 2 mints, because the service tries each mint twice:

  curl -sS -X PUT ${sandboxUrl.replace(/\/v1$/, '')}/sandbox/behaviour -d '{"behaviour":{"kind":"status","status":503},"times":4}'

Ctrl-C ends both.

`
