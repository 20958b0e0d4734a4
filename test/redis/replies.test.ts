/** Replies that Redis does not send, but that a faulty server or a proxy in front of it can send. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { toScript } from '../../src/redis/script.ts'
import { connectRedis, describeRedis, startRedis } from '../support/redis.ts'
import { startRelay } from '../support/relay.ts'

const echo = toScript('return ARGV[1]')

async function open() {
  const { port } = await startRedis()
  const relay = await startRelay(port)
  const { redis, changes } = await connectRedis(`redis://127.0.0.1:${relay.port}`)
  const ask = (text: string): Promise<unknown> => redis.run(echo, [], [text])
  /** The call's own reply, or the name of its error. */
  const outcomeOf = (text: string): Promise<unknown> => ask(text).catch(({ name }: Error) => name)
  const isBack = (): Promise<void> =>
    vi.waitFor(async () => expect(await ask('hello')).toBe('hello'), { timeout: 4_000, interval: 10 })
  return { relay, changes, ask, outcomeOf, isBack }
}

const garbage: readonly (readonly [what: string, bytes: string])[] = [
  ['a push of null', '>1\r\n_\r\n'],
  ['an empty push', '>0\r\n'],
  ['a push that names no channel', '>2\r\n+subscribe\r\n_\r\n'],
  ['a push that subscribes', '>3\r\n+subscribe\r\n+x\r\n:1\r\n'],
  ['a push that unsubscribes', '>3\r\n+unsubscribe\r\n_\r\n:0\r\n'],
  ['a message for no subscriber', '>3\r\n+message\r\n_\r\n_\r\n'],
  ['null', '_\r\n'],
  ['no text', '$-1\r\n'],
  ['no array', '*-1\r\n'],
  ['an array of null', '*1\r\n$-1\r\n'],
  ['a text', '+OK\r\n'],
  ['a number', ':1\r\n'],
  ['a number that is none', ':x\r\n'],
  ['an error', '-ERR no\r\n'],
  ['an error that a script is missing', '-NOSCRIPT no\r\n'],
  ['a map', '%1\r\n_\r\n_\r\n'],
  ['a text of negative length', '$-5\r\nhello\r\n'],
  ['a text of great length', '$1000000000\r\nhello\r\n'],
  ['an array of great length', '*99999999999\r\n'],
  ['a deep array', '*1\r\n'.repeat(100_000)],
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['bytes of zero', '\0\0\0\0\r\n'],
]

const texts = ['a', 'b', 'c', 'd']

describeRedis('a reply to no command', () => {
  it.each(garbage)('is survived and answers no later command: %s', async (_, bytes) => {
    const { relay, outcomeOf, isBack } = await open()
    relay.inject(bytes)
    for (const text of texts) expect([text, 'RedisUnavailable']).toContain(await outcomeOf(text))
    await isBack()
  })

  it.each(garbage)('is survived and answers no command that waits: %s', async (_, bytes) => {
    const { relay, outcomeOf, isBack } = await open()
    let isFirst = true
    relay.change = (reply) => {
      const changed = isFirst ? Buffer.concat([Buffer.from(bytes), reply]) : reply
      isFirst = false
      return changed
    }
    const outcomes = await Promise.all(texts.map(outcomeOf))
    for (const [index, text] of texts.entries()) expect([text, 'RedisUnavailable']).toContain(outcomes[index])
    await isBack()
  })

  it('replaces the connection once, and says why', async () => {
    const { relay, changes, isBack } = await open()
    relay.inject('>1\r\n_\r\n')
    await vi.waitFor(() => expect(changes).toEqual(['malformed', null]), { timeout: 4_000 })
    await isBack()
    expect(changes).toHaveLength(2)
  })
})

describeRedis('a repeated reply', () => {
  it('never answers another command, at any rate', async () => {
    const { relay, changes, outcomeOf, isBack } = await open()
    relay.change = (reply) => Buffer.concat([reply, reply])
    for (let round = 0; round < 50; round += 1) {
      const own = Array.from({ length: 8 }, (_, index) => `${round}/${index}`)
      const outcomes = await Promise.all(own.map(outcomeOf))
      for (const [index, text] of own.entries()) expect([text, 'RedisUnavailable']).toContain(outcomes[index])
    }
    relay.change = (reply) => reply
    await isBack()
    expect(changes[0]).toBe('malformed')
  })

  it('late never answers a command that was sent in between', async () => {
    const { relay, ask, outcomeOf, isBack } = await open()
    const replies: Buffer[] = []
    relay.change = (reply) => {
      replies.push(reply)
      return reply
    }
    expect(await ask('first')).toBe('first')
    relay.change = () => Buffer.concat(replies)
    expect(await outcomeOf('second')).toBe('RedisUnavailable')
    relay.change = (reply) => reply
    await isBack()
  })
})

it.each([
  ['HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
])('a server that speaks %s is called malformed, not unreachable', async (_what, text) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(text))
  })
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { changes } = await connectRedis(`redis://127.0.0.1:${port}`)
  expect(changes).toEqual(['malformed'])
})
