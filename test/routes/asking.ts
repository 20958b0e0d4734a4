/** Presets with every kind of rule, and requests for them. */
import { bodyOf, CLIENT_SECRETS, expectCommonHeaders, refusalOf } from '../support/replies.ts'
import { ORIGIN, type Reply, type TestService } from '../support/service.ts'

export const OTHER_ORIGIN = 'https://other.example.com'

export const environment = { ALLOWED_ORIGINS: `${ORIGIN},${OTHER_ORIGIN}` } as const

export const presets = `
presets:
  plain:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: Be brief. }
  open:
    session:
      type: realtime
      model: gpt-realtime-2.1
      instructions: Be kind to {{guest}}.
      output_modalities: [audio]
      audio: { input: { turn_detection: null }, output: { voice: marin } }
      max_output_tokens: 100
    variables: { guest: { max_length: 10, default: the guest } }
    overrides: { audio.output.voice: [marin, cedar], audio.output.speed: { min: 0.8, max: 1.2 } }
  hotel:
    session: { type: realtime, model: gpt-realtime-2.1, instructions: "{{hotel}} greets {{guest}}." }
    variables: { hotel: { enum: [Astoria, Bristol] }, guest: { max_length: 10, default: the guest } }
  elsewhere:
    session: { type: realtime, model: gpt-realtime-2.1 }
    access: { origins: ["${OTHER_ORIGIN}"] }
  dictation:
    session: { type: transcription, audio: { input: { transcription: { model: gpt-live-transcribe } } } }
  interpreter:
    session: { type: translation, model: gpt-realtime-translate, audio: { output: { language: es } } }
  classic:
    session: { model: gpt-realtime-2.1, voice: ash, modalities: [audio, text], temperature: 0.8 }
    overrides: { audio.output.voice: [ash, marin] }
`

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'OPTIONS' | 'DELETE'
  readonly path?: string
  readonly query?: string
  /** JSON unless it is a string. Undefined sends neither a body nor a content type. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly remoteAddress?: string
}

/** By default, a POST of a page of an allowed origin. Headers that are undefined are not sent. */
export function ask({ app }: Pick<TestService, 'app'>, asked: Asked): Promise<Reply> {
  const { method = 'POST', path = CLIENT_SECRETS, query = '', body, headers } = asked
  const { remoteAddress = '127.0.0.1' } = asked
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const all = Object.entries({ origin: ORIGIN, ...type, ...headers })
  const sent = all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
  const payload = typeof body === 'string' ? body : JSON.stringify(body)
  return app.inject({
    method,
    url: `${path}${query}`,
    remoteAddress,
    headers: Object.fromEntries(sent),
    ...(payload === undefined ? {} : { payload }),
  })
}

/** `issued`, or status, code and param of the refusal. */
export function outcomeOf(reply: Reply): unknown {
  if (reply.statusCode !== 200) return refusalOf(reply)
  expectCommonHeaders(reply)
  const { value = '', client_secret: secret } = JSON.parse(reply.body)
  return String(secret?.value ?? value).startsWith('ek_') ? 'issued' : bodyOf(reply)
}

/** The last request to upstream. */
export const lastSent = ({ sandbox }: TestService): unknown =>
  JSON.parse(sandbox.requests.at(-1)?.body ?? 'null')
