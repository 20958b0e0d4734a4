// The pass-through with Fastify in place of node:http: what the framework alone costs.
import Fastify from 'fastify'
import { Pool } from 'undici'
import { toFixedMint } from './fixed-mint.ts'

const { origin, mint } = toFixedMint(process.env)
const pool = new Pool(origin)
const app = Fastify()

app.post('/v1/realtime/client_secrets', async (_request, reply) => {
  const { statusCode, body } = await pool.request(mint)
  return reply
    .code(statusCode)
    .type('application/json')
    .send(await body.text())
})

await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT']) })
