// The minimum that a minting server can do: read the request, call upstream with the key, return the reply's body.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Pool } from 'undici'
import { toFixedMint } from './fixed-mint.ts'

const { origin, mint } = toFixedMint(process.env)
const pool = new Pool(origin)

async function passThrough(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await readToEnd(request)
  const reply = await pool.request(mint)
  const body = await reply.body.text()
  response.writeHead(reply.statusCode, { 'content-type': 'application/json' }).end(body)
}

function readToEnd(request: IncomingMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    request.once('end', resolve).once('error', reject).resume()
  })
}

createServer((request, response) => {
  passThrough(request, response).catch(() => response.writeHead(502).end())
}).listen(Number(process.env['PORT']), '127.0.0.1')
