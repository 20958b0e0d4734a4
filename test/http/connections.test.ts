import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ConnectionOptions, Connections } from '../../src/http/connections.ts'
import { createFairTurns } from '../../src/http/fair-turns.ts'
import { createBoundedServer } from '../../src/http/server.ts'
import { listen } from '../support/upstream.ts'

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** A server that never replies, unless a listener is given. */
async function startServer(
  bounds: Partial<ConnectionOptions> = {},
  listener: RequestListener = () => undefined,
) {
  const seen: string[] = []
  const clock = { ms: 0 }
  const fixed = { maxPerAddress: 100, max: 1_000, trustedProxies: [], now: () => clock.ms }
  const server = createBoundedServer(
    (request, response) => {
      seen.push(request.url ?? '')
      listener(request, response)
    },
    new Connections({ ...fixed, ...bounds }),
  )
  return { server, seen, clock, port: await listen(server) }
}

/** `next` is the status of the next reply, or `closed`. */
function openClient(port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.destroy())
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const reply = () => once(socket, 'data').then(([chunk]) => String(chunk).slice(9, 12))
  const next = (): Promise<string> => Promise.race([reply(), closed.then(() => 'closed')])
  return { socket, closed, next }
}

/** What a new connection from this address gets for one request. */
function ask(port: number, localAddress?: string, request = GET): Promise<string> {
  const { socket, next } = openClient(port, localAddress)
  socket.write(request)
  return next()
}

const reply: RequestListener = (_request, response) => void response.end('x')

describe('the connections of one address', () => {
  it('are closed before their first byte is read beyond the maximum', async () => {
    const { port, seen } = await startServer({ maxPerAddress: 2 }, reply)
    expect([await ask(port), await ask(port), await ask(port)]).toEqual(['200', '200', 'closed'])
    expect(seen).toHaveLength(2)
  })

  it('do not count for another address', async () => {
    const { port } = await startServer({ maxPerAddress: 1 }, reply)
    expect([await ask(port), await ask(port, '127.0.0.2')]).toEqual(['200', '200'])
  })

  it('make room when they close', async () => {
    const { server, port } = await startServer({ maxPerAddress: 1 }, reply)
    const accepted = once(server, 'connection')
    const first = openClient(port)
    const [socket] = await accepted
    const gone = once(socket, 'close')
    first.socket.destroy()
    await gone
    expect(await ask(port)).toBe('200')
  })

  it.each([
    ['an address', ['127.0.0.1']],
    ['a range', ['10.0.0.0/8', '127.0.0.0/8']],
  ])('are not bounded for a trusted proxy, listed as %s', async (_, trustedProxies) => {
    const { port } = await startServer({ maxPerAddress: 0, trustedProxies }, reply)
    expect(await ask(port)).toBe('200')
  })

  it('cannot have more requests waiting than there may be connections', async () => {
    const { server, port, seen } = await startServer({ maxPerAddress: 5 })
    let accepted = 0
    server.on('connection', () => (accepted += 1))
    const clients = Array.from({ length: 5 }, () => openClient(port))
    await expect.poll(() => accepted).toBe(5)
    for (const { socket } of clients) socket.write(GET.repeat(8))
    await Promise.race(clients.map(({ closed }) => closed))
    expect(seen.length).toBeLessThan(40)
  })
})

it('the connections of all addresses together have a maximum', async () => {
  const { port } = await startServer({ max: 1 }, reply)
  expect([await ask(port), await ask(port, '127.0.0.2')]).toEqual(['200', 'closed'])
})

it('the connections of one IPv6 /48 are half of all at most', async () => {
  const server = createServer().removeAllListeners('connection')
  const bounds = { maxPerAddress: 2, max: 8, trustedProxies: [], now: () => 0 }
  new Connections(bounds).bound(server)
  const open = (address: string): Socket => {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: address })
    server.emit('connection', socket)
    return socket
  }
  const [first, ...others] = ['a', 'a', 'b', 'b', 'c', 'd'].map((net) => open(`2001:db8:0:${net}::1`))
  expect(others.map(({ destroyed }) => destroyed)).toEqual([false, false, false, true, true])
  expect(open('2001:db8:1::1').destroyed).toBe(false)
  first?.destroy()
  await new Promise((resolve) => first?.once('close', resolve))
  expect([open('2001:db8:0:c::1').destroyed, open('2001:db8:0:d::1').destroyed]).toEqual([false, true])
})

describe('a connection with more than 8 requests behind another one', () => {
  it('is closed, and the rest of what was read is not parsed', async () => {
    const { server, port } = await startServer()
    let parsed = 0
    server.on('request', () => (parsed += 1))
    const { socket, closed } = openClient(port)
    socket.write(GET.repeat(2_300))
    await closed
    expect(parsed).toBe(10)
  })

  it('makes its address wait 10 s for the next one, and no other address', async () => {
    const { port, clock } = await startServer({}, (request, response) => {
      if (request.url === '/quick') response.end('x')
    })
    const { socket, closed } = openClient(port)
    socket.write(GET.repeat(10))
    await closed
    const quick = GET.replace('/', '/quick')
    clock.ms = 9_999
    expect(await ask(port, undefined, quick)).toBe('closed')
    expect(await ask(port, '127.0.0.2', quick)).toBe('200')
    clock.ms = 10_000
    expect(await ask(port, undefined, quick)).toBe('200')
  })

  it('is not one with 8, each answered in turn', async () => {
    const { port, seen } = await startServer({}, reply)
    const { socket } = openClient(port)
    for (const count of [9, 18]) {
      socket.write(GET.repeat(9))
      await expect.poll(() => seen.length).toBe(count)
    }
  })
})

it('a connection that sends a request while 16 KiB of replies are unread is closed', async () => {
  const body = 'x'.repeat(8 * 1024 * 1024)
  const { server, port, seen } = await startServer({}, (_request, response) => void response.end(body))
  const accepted = once(server, 'connection')
  const client = openClient(port)
  const [socket] = await accepted
  const closed = once(socket, 'close')
  client.socket.pause()
  client.socket.write(GET)
  await expect.poll(() => seen.length).toBe(1)
  client.socket.write(GET)
  await closed
  expect(seen).toHaveLength(1)
})

function createTurns() {
  const turns = createFairTurns()
  const turn = turns.create()
  const started: number[] = []
  const take = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) turns.take(turn, () => started.push(index))
  }
  return { turns, started, take }
}

describe('in a turn of the event loop, an address', () => {
  it('starts 16 requests, and the others later in order', async () => {
    const { started, take } = createTurns()
    take(0, 40)
    const counts = [started.length]
    for (const _ of [1, 2, 3]) {
      await setImmediate()
      counts.push(started.length)
    }
    expect(counts).toEqual([16, 32, 40, 40])
    expect(started).toEqual(started.toSorted((a, b) => a - b))
  })

  it('does not wait for another address', () => {
    const { turns, started, take } = createTurns()
    take(0, 40)
    turns.take(turns.create(), () => started.push(100))
    expect(started.at(-1)).toBe(100)
  })

  it('starts a new request after those that wait', async () => {
    const { started, take } = createTurns()
    take(0, 33)
    await setImmediate()
    take(33, 34)
    await setImmediate()
    expect(started.slice(-2)).toEqual([32, 33])
  })
})
