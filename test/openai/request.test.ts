import { EventEmitter, once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Client } from 'undici'
import { expect, it, onTestFinished } from 'vitest'
import { request } from '../../src/outbound/request.ts'
import { listen } from '../support/upstream.ts'

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'

/** Asks a server that does `answer` with the connection when it has the request. */
async function ask(answer: (socket: Socket) => void) {
  const closed = new EventEmitter()
  const server = createServer((socket) => {
    socket.once('data', () => answer(socket)).on('error', () => undefined)
    socket.once('close', () => closed.emit('close'))
  })
  const origin = `http://127.0.0.1:${await listen(server)}`
  const client = new Client(origin)
  onTestFinished(() => client.destroy())
  const signal = new EventEmitter()
  return {
    head: request(client, { origin, method: 'GET', path: '/', signal }),
    signal,
    connectionEnded: once(closed, 'close'),
  }
}

it('the text of a body is UTF-8, also where a character is in two chunks or a byte order mark begins it', async () => {
  const { head } = await ask((socket) => {
    const [first, ...rest] = Buffer.from('\uFEFFé')
      .toString('latin1')
      .match(/^.{4}|./gs) ?? ['']
    socket.write(`${HEAD}4\r\n${first}\r\n`, 'latin1')
    setImmediate(() => socket.write(`1\r\n${rest.join('')}\r\n0\r\n\r\n`, 'latin1'))
  })
  const reply = await head
  expect(reply.statusCode).toBe(200)
  expect(await reply.text()).toBe('é')
})

it('a body that is not read can be ended, with its connection', async () => {
  const { head, connectionEnded } = await ask((socket) => socket.write(`${HEAD}2\r\nno\r\n`))
  const reply = await head
  reply.discard()
  await expect(reply.text()).rejects.toThrow('the reply is not needed')
  await connectionEnded
})

it('an aborted request has no reply, and its connection ends', async () => {
  const { head, signal, connectionEnded } = await ask(() => signal.emit('abort'))
  await expect(head).rejects.toThrow('the reply is not needed')
  await connectionEnded
})

it('a request that is aborted while its connection is opened is not sent', async () => {
  let requests = 0
  const { head, signal } = await ask(() => (requests += 1))
  signal.emit('abort')
  await expect(head).rejects.toThrow('the reply is not needed')
  expect(requests).toBe(0)
})
