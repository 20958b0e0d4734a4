/** What the demo page's modules pass to each other. */

/** A rule of a preset, as the presets file has it. */
export type Rule =
  | true
  | readonly unknown[]
  | {
      readonly min?: number | undefined
      readonly max?: number | undefined
      readonly max_length?: number | undefined
    }

export interface PresetInfo {
  readonly name: string
  readonly description: string | null
  readonly type: string
  readonly expires_after_seconds: number
  readonly variables: readonly {
    readonly name: string
    readonly values: readonly string[] | null
    readonly max_length: number
    readonly default: string | null
  }[]
  readonly overrides: readonly { readonly path: string; readonly own: unknown; readonly rule: Rule }[]
  /** `5/minute`, or empty. */
  readonly limit: string
  readonly model: string | null
}

/** What the page learns from the demo. */
export interface PageState {
  readonly presets: readonly PresetInfo[]
  /** With AUTH_MODE=jwt. */
  readonly needs_token: boolean
  readonly operations_url: string | null
  /** Where a secret connects: the sandbox's `…/v1/realtime`. */
  readonly realtime_url: string
}

/** What a request changes. */
export interface Changes {
  readonly variables?: Readonly<Record<string, string>>
  readonly session?: Readonly<Record<string, unknown>>
}

export interface Ask extends Changes {
  readonly preset: string
}

export interface Exchange {
  readonly kind: 'exchange'
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  }
  readonly reply: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: string
  } | null
  /** What `fetch` threw, if there is no reply. */
  readonly error: string | null
  readonly ms: number | null
  /** What upstream got for it. */
  readonly upstream: string | null
}

export interface Wait {
  readonly kind: 'wait'
  readonly seconds: number
}

export type Step = Exchange | Wait

export interface Failure {
  readonly title: string
  readonly text: string
  /** What it teaches, shown with the result. */
  readonly lesson: string
  readonly kind: 'ask' | 'limit' | 'origin' | 'expired'
  /** What the sandbox does meanwhile. */
  readonly order?: { readonly behaviour: object; readonly times?: number }
  readonly change?: (ask: Ask) => Ask
}

export type SessionFields = Readonly<Record<string, unknown>>

/** What the page reads of an event, and the fields that it sends. */
export interface RealtimeEvent {
  readonly type: string
  readonly session?: SessionFields
  readonly text?: string
  readonly transcript?: string
  readonly error?: { readonly message: string }
  readonly [field: string]: unknown
}

export interface ConnectOptions {
  /** `…/v1/realtime`, with `http` */
  readonly url: string
  readonly model: string | null
  /** Mints. Called at the last moment. */
  readonly toSecret: () => Promise<string>
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly signal: AbortSignal
  readonly onEvent: (event: RealtimeEvent) => void
  readonly onEnd: () => void
}

/** Bytes of audio so far, and how loud it is now, from 0 to 1. */
export interface Traffic {
  readonly sent: number
  readonly received: number
  readonly level: number
}

export interface Connection {
  readonly send: (event: RealtimeEvent) => void
  readonly close: () => void
  /** Null without audio. */
  readonly readTraffic: (() => Promise<Traffic>) | null
}

/** Writes the code that does the same. `realtimeUrl` is where its secret connects. */
export type ToSnippet = (ask: Ask, url: string, hasToken: boolean, realtimeUrl: string) => string
