// The call to upstream of the samples: always the same session.

export const fixedBody = JSON.stringify({
  expires_after: { anchor: 'created_at', seconds: 60 },
  session: { type: 'realtime', model: 'gpt-realtime-2.1', audio: { output: { voice: 'marin' } } },
})

/** The origin of upstream, and the request to it. */
export function toFixedMint({ OPENAI_API_KEY, OPENAI_BASE_URL }: NodeJS.ProcessEnv) {
  const { origin, pathname } = new URL(OPENAI_BASE_URL ?? '')
  const headers = { authorization: `Bearer ${OPENAI_API_KEY ?? ''}`, 'content-type': 'application/json' }
  const mint = {
    path: `${pathname}/realtime/client_secrets`,
    method: 'POST',
    headers,
    body: fixedBody,
  } as const
  return { origin, mint }
}
