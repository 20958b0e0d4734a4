// The mints of the benches, always the same: what a page sends to the service, and what a sample sends to upstream.

export const pageMint = {
  path: '/v1/realtime/client_secrets',
  method: 'POST',
  headers: { origin: 'http://localhost:3000', 'content-type': 'application/json' },
  body: '{"preset":"voice-assistant"}',
} as const

/** The session of the samples. */
export const fixedBody = JSON.stringify({
  expires_after: { anchor: 'created_at', seconds: 60 },
  session: { type: 'realtime', model: 'gpt-realtime-2.1', audio: { output: { voice: 'marin' } } },
})

/** The origin of upstream, and the request of a sample to it. */
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
