/** The settings that a presets file is checked against. */
export interface ParseOptions {
  /** As problems name it. */
  readonly fileName: string
  /** A preset of this name must exist. */
  readonly defaultPreset?: string | undefined
  /** As ALLOWED_ORIGINS lists them; undefined when that setting is invalid. */
  readonly allowedOrigins: ReadonlySet<string> | undefined
  readonly authMode: 'none' | 'jwt'
  /** Which minting endpoint the upstream serves. */
  readonly api: 'client_secrets' | 'sessions'
  /** OpenAI itself, where a name means what its documentation says. Elsewhere it may be the name of a deployment. */
  readonly isOpenAi: boolean
  readonly unixNow: () => number
}
