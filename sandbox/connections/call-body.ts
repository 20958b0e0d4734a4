/** The two forms of a call's body: the offer alone, or a form with the offer and a change of the session. */
import { parseJson } from '../json.ts'
import { invalid, type Refusal, refuse } from '../refusal.ts'

export interface CallBody {
  readonly offer: string
  /** Null without one. */
  readonly session: unknown
}

async function parseForm(type: string, bytes: Buffer): Promise<FormData | null> {
  try {
    return await new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData()
  } catch {
    return null
  }
}

const toText = (part: string | Blob): string | Promise<string> =>
  typeof part === 'string' ? part : part.text()

type Parsed = CallBody | { readonly refusal: Refusal }

/** The WebRTC stack takes any text, so the form is checked here. */
const toBody = (offer: string, session: unknown): Parsed =>
  /^v=0\r?\n[^]*^m=/m.test(offer)
    ? { offer, session }
    : { refusal: invalid('sdp', 'The offer is not a valid SDP.') }

export async function parseCallBody(type: string, bytes: Buffer): Promise<Parsed> {
  if (/^application\/sdp *(;|$)/i.test(type)) return toBody(bytes.toString(), null)
  if (!/^multipart\/form-data *;/i.test(type)) {
    const message = `Unsupported content type: '${type}'. Use 'application/sdp' or 'multipart/form-data'.`
    return { refusal: refuse(400, 'unsupported_content_type', message) }
  }
  const form = await parseForm(type, bytes)
  const sdp = form?.get('sdp') ?? null
  if (sdp === null) return { refusal: invalid('sdp', 'The form has no part named sdp.') }
  const part = form?.get('session') ?? null
  const session = part === null ? null : parseJson(await toText(part))
  if (session === undefined) return { refusal: invalid('session', 'The session is not valid JSON.') }
  return toBody(await toText(sdp), session)
}
