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
}

/** What the page learns from the demo. */
export interface PageState {
  readonly presets: readonly PresetInfo[]
  /** With AUTH_MODE=jwt. */
  readonly needs_token: boolean
  readonly operations_url: string | null
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
  readonly kind: 'ask' | 'limit' | 'origin'
  /** What the sandbox does meanwhile. */
  readonly order?: { readonly behaviour: object; readonly times?: number }
  readonly change?: (ask: Ask) => Ask
}
