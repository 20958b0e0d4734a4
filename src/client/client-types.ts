/** Types of the browser client. */

export interface Secret {
  /** The client secret, `ek_…`. Use it at once and store it nowhere. */
  readonly value: string
  /** Unix seconds. */
  readonly expiresAt: number
}

export interface ClientOptions {
  /** The address of the service, for example `https://mint.example.com`. */
  readonly url: string
  /** Without it, the service's DEFAULT_PRESET applies. */
  readonly preset?: string | undefined
  /** The user's token, or a function that returns a fresh one: called once for each mint, and once more after a 401. */
  readonly token?: string | (() => string | Promise<string>) | undefined
}

export interface SecretRequest {
  /** Rejects this call only. Other calls that share its request continue. */
  readonly signal?: AbortSignal | undefined
  readonly variables?: Readonly<Record<string, string>> | undefined
  /** Requested overrides of the preset. */
  readonly session?: Readonly<Record<string, unknown>> | undefined
}

export interface Client {
  /** Mints one secret. Rejects with a MintError, with the reason of `signal`, or with what `token` throws. */
  readonly secret: (request?: SecretRequest) => Promise<Secret>
  /** Mints a secret and resolves with its value, as `RealtimeSession.connect({ apiKey })` expects. */
  readonly apiKey: () => Promise<string>
}

export interface MintFacts {
  /**
   * The service's own code, `no_answer` if the browser got no reply, or `unknown` if the reply is not the service's.
   */
  readonly code: string
  /** 0 without a reply. */
  readonly status?: number
  readonly requestId?: string | null
  /** Seconds. */
  readonly retryAfter?: number | null
  /** The field that is wrong. */
  readonly param?: string | null
  readonly cause?: unknown
}

/** What the client needs from the browser. */
export interface Environment {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly setTimeout: (run: () => void, ms: number) => unknown
  readonly location?: { readonly origin: string }
}

/** Where mints go, and as whom. */
export interface Target {
  readonly endpoint: string
  readonly token: ClientOptions['token']
  readonly environment: Environment
}

/** One request, and the calls that wait for it. */
export interface Flight {
  callers: number
  readonly secret: Promise<Secret>
  /** Aborts when the request has ended. */
  readonly over: AbortSignal
  readonly end: () => void
}

/** What the service answers. Another server may answer anything. */
export interface Reply {
  readonly value?: string
  readonly expires_at?: number
  readonly error?: { readonly message?: string; readonly code?: string; readonly param?: string | null }
}
