// Runs in a frame without an origin, asks as any page of another site could, and tells the demo page what it got.
fetch('/v1/realtime/client_secrets', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
}).then(
  (reply) => parent.postMessage({ status: reply.status }, '*'),
  (error) => parent.postMessage({ error: String(error) }, '*'),
)
