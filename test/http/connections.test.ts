import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Connections } from '../../src/http/connections.ts'
import { createBoundedServer } from '../../src/http/server.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

interface Bounds {
  readonly maxPerAddress?: number
  readonly max?: number
  readonly trustedProxies?: readonly string[]
}

/** A server that never replies, unless a listener is given. */
async function startServer(bounds: Bounds = {}, listener: RequestListener = () => undefined) {
  const seen: string[] = []
  const clock = { ms: 0 }
  const connections = new Connections({
    maxPerAddress: 100,
    max: 1_000,
    trustedProxies: [],
    ...bounds,
    now: () => clock.ms,
  })
  const server = createBoundedServer((request, response) => {
    seen.push(request.url ?? '')
    listener(request, response)
  }, connections)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { server, seen, clock, port: address.port }
}

interface Client {
  readonly send: (text: string) => void
  readonly pause: () => void
  readonly end: () => void
  /** The status code of the next reply, or `closed`. */
  readonly next: () => Promise<string>
  readonly closed: Promise<unknown>
}

function openClient(port: number, localAddress = '127.0.0.1'): Client {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  const closed = new Promise((resolve) => socket.once('close', resolve))
  return {
    send: (text) => void socket.write(text),
    pause: () => void socket.pause(),
    end: () => void socket.destroy(),
    next: () =>
      Promise.race([
        once(socket, 'data').then(([chunk]) => String(chunk).slice(9, 12)),
        closed.then(() => 'closed'),
      ]),
    closed,
  }
}

/** What a new connection from this address gets for one request. */
function ask(port: number, localAddress?: string): Promise<string> {
  const client = openClient(port, localAddress)
  client.send(GET)
  return client.next()
}

const reply: RequestListener = (_request, response) => void response.end('x')

describe('the connections of one address', () => {
  it('are closed before their first byte is read beyond the maximum', async () => {
    const { port, seen } = await startServer({ maxPerAddress: 2 }, reply)
    const kept = [openClient(port), openClient(port)]
    for (const client of kept) client.send(GET)
    expect(await Promise.all(kept.map(({ next }) => next()))).toEqual(['200', '200'])
    expect(await ask(port)).toBe('closed')
    expect(seen).toHaveLength(2)
  })

  it('do not count against another address', async () => {
    const { port } = await startServer({ maxPerAddress: 1 }, reply)
    const kept = openClient(port)
    kept.send(GET)
    await kept.next()
    expect(await ask(port, '127.0.0.2')).toBe('200')
  })

  it('make room when they close', async () => {
    const { server, port } = await startServer({ maxPerAddress: 1 }, reply)
    const accepted = once(server, 'connection')
    const first = openClient(port)
    const [socket] = await accepted
    const gone = once(socket, 'close')
    first.end()
    await gone
    expect(await ask(port)).toBe('200')
  })

  it.each([
    ['an address', ['127.0.0.1']],
    ['a range', ['10.0.0.0/8', '127.0.0.0/8']],
  ])('are not bounded if the address is a trusted proxy, listed as %s', async (_, trustedProxies) => {
    const { port } = await startServer({ maxPerAddress: 0, trustedProxies }, reply)
    expect(await ask(port)).toBe('200')
  })
})

it('the connections of all addresses together have a maximum', async () => {
  const { port } = await startServer({ max: 1 }, reply)
  const kept = openClient(port)
  kept.send(GET)
  await kept.next()
  expect(await ask(port, '127.0.0.2')).toBe('closed')
})

describe('a connection with more than 8 requests waiting behind another one', () => {
  it('is closed, and the rest of what was read is not parsed', async () => {
    const { server, port } = await startServer()
    let parsed = 0
    server.on('request', () => (parsed += 1))
    const client = openClient(port)
    client.send(GET.repeat(2_300))
    await client.closed
    expect(parsed).toBe(10)
  })

  it('makes its address wait 10 s for the next one, and no other address', async () => {
    const { port, clock } = await startServer({}, (request, response) => {
      if (request.url === '/quick') response.end('x')
    })
    const client = openClient(port)
    client.send(GET.repeat(10))
    await client.closed
    const quick = GET.replace('/', '/quick')
    async function askQuickly(localAddress?: string): Promise<string> {
      const next = openClient(port, localAddress)
      next.send(quick)
      return next.next()
    }
    clock.ms = 9_999
    expect(await askQuickly()).toBe('closed')
    expect(await askQuickly('127.0.0.2')).toBe('200')
    clock.ms = 10_000
    expect(await askQuickly()).toBe('200')
  })

  it('is not closed with 8, as each of them is answered in turn', async () => {
    const { port, seen } = await startServer({}, reply)
    const client = openClient(port)
    client.send(GET.repeat(9))
    await expect.poll(() => seen.length).toBe(9)
    client.send(GET.repeat(9))
    await expect.poll(() => seen.length).toBe(18)
  })
})

it('a connection that asks again while 16 KiB of replies are unread is closed', async () => {
  const body = 'x'.repeat(8 * 1024 * 1024)
  const { server, port, seen } = await startServer({}, (_request, response) => void response.end(body))
  const accepted = once(server, 'connection')
  const client = openClient(port)
  const [socket] = await accepted
  const closed = once(socket, 'close')
  client.pause()
  client.send(GET)
  await expect.poll(() => seen.length).toBe(1)
  client.send(GET)
  await closed
  expect(seen).toHaveLength(1)
})

it('one address cannot have more requests waiting than it may have connections', async () => {
  const { server, port, seen } = await startServer({ maxPerAddress: 5 })
  let accepted = 0
  server.on('connection', () => (accepted += 1))
  const clients = Array.from({ length: 5 }, () => openClient(port))
  await expect.poll(() => accepted).toBe(5)
  for (const client of clients) client.send(GET.repeat(8))
  await Promise.race(clients.map(({ closed }) => closed))
  expect(seen.length).toBeLessThan(40)
})
