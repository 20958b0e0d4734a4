import { expect, it } from 'vitest'
import { startTestService, type TestService, type TestServiceOptions } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { describeInChromium, type OpenedPage } from './chromium.ts'
import { startPageServer } from './page-server.ts'

interface Result {
  readonly values?: readonly string[]
  readonly error?: Readonly<Record<string, unknown>>
}

/** Runs `body` in the page with `createClient` and `url` in scope. It returns what the page's JavaScript sees. */
const runInPage = ({ page }: OpenedPage, url: string, body: string, source = url): Promise<Result> =>
  page.evaluate(`(async () => {
    const url = ${JSON.stringify(url)}
    try {
      const { createClient } = await import(${JSON.stringify(`${source}/client.js`)})
      return { values: await (async () => { ${body} })() }
    } catch (error) {
      const { name, message, code, status, param, retryAfter, requestId } = error
      return { error: { name, message, code, status, param, retryAfter, requestId } }
    }
  })()`)

const mint = (options = '{}', preset = 'assistant'): string =>
  `return [(await createClient({ url, preset: '${preset}' }).secret(${options})).value]`

describeInChromium('a page of another origin', startPageServer, (scene, pages) => {
  async function start(options: TestServiceOptions = {}): Promise<TestService & { readonly url: string }> {
    const environment = { ALLOWED_ORIGINS: pages().listed, ...options.environment }
    const service = await startTestService({ ...options, environment })
    return { ...service, url: await service.app.listen({ host: '127.0.0.1', port: 0 }) }
  }

  async function openPage(origin = pages().listed): Promise<OpenedPage> {
    const opened = await scene.open()
    await opened.page.goto(origin)
    return opened
  }

  it('imports the client from the service, and mints after a preflight', async () => {
    const service = await start()
    const { values } = await runInPage(await openPage(), service.url, mint())
    expect(values).toStrictEqual([expect.stringMatching(/^ek_/)])
    const methods = [...service.logText().matchAll(/"method":"(\w+)"/g)].map(([, method]) => method)
    expect(methods).toStrictEqual(['GET', 'OPTIONS', 'POST'])
  })

  it('makes one mint of two simultaneous calls', async () => {
    const service = await start()
    const body = `const client = createClient({ url, preset: 'assistant' })
      return Promise.all([client.apiKey(), client.apiKey()])`
    const { values } = await runInPage(await openPage(), service.url, body)
    expect(new Set(values).size).toBe(1)
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it.each([
    ['403', mint(`{ session: { type: 'realtime', model: 'x' } }`), 'override_not_allowed', 'session.model'],
    ['404', mint('{}', 'nothing'), 'unknown_preset', null],
    ['400', mint(`{ variables: { name: 'x' } }`), 'invalid_request', 'variables'],
  ])('sees a %s with its code, its field and the request id', async (status, body, code, param) => {
    const service = await start()
    const { error } = await runInPage(await openPage(), service.url, body)
    expect(error).toMatchObject({ name: 'MintError', status: Number(status), code, param })
    expect(service.logText()).toContain(`"request_id":"${String(error?.['requestId'])}"`)
  })

  it('sees a 401, and mints after a new token', async () => {
    const service = await start({ environment: secretEnvironment })
    const opened = await openPage()
    const { error } = await runInPage(opened, service.url, mint())
    expect(error).toMatchObject({ status: 401, code: 'unauthenticated' })
    const body = `const tokens = ['expired', ${JSON.stringify(toToken())}]
      const client = createClient({ url, preset: 'assistant', token: async () => tokens.shift() })
      return [await client.apiKey()]`
    const { values } = await runInPage(opened, service.url, body)
    expect(values).toStrictEqual([expect.stringMatching(/^ek_/)])
  })

  it('sees a 429 with a Retry-After that it can read', async () => {
    const service = await start({ environment: { RATE_LIMIT_PER_CALLER: '1/minute' } })
    const opened = await openPage()
    await runInPage(opened, service.url, mint())
    const { error } = await runInPage(opened, service.url, mint())
    expect(error).toMatchObject({ status: 429, code: 'rate_limited', retryAfter: expect.any(Number) })
    expect(Number(error?.['retryAfter'])).toBeGreaterThan(50)
  })

  it('sees a 503 whose Retry-After is too long to wait for', async () => {
    const service = await start()
    service.sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '30' } })
    const { error } = await runInPage(await openPage(), service.url, mint())
    expect(error).toMatchObject({ status: 503, code: 'upstream_busy', retryAfter: 30 })
    expect(service.sandbox.requests).toHaveLength(1)
  })

  it('waits for a short Retry-After, and gets its secret', async () => {
    const service = await start()
    service.sandbox.behave({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }, 1)
    const { values } = await runInPage(await openPage(), service.url, mint())
    expect(values).toStrictEqual([expect.stringMatching(/^ek_/)])
  })

  it('that is not listed cannot import the client, and its own copy names the cause', async () => {
    const service = await start()
    const opened = await openPage(pages().unlisted)
    const imported = await runInPage(opened, service.url, mint())
    expect(imported.error).toMatchObject({ name: 'TypeError' })
    const { error } = await runInPage(opened, service.url, mint(), pages().unlisted)
    expect(error).toMatchObject({
      code: 'no_answer',
      status: 0,
      message: expect.stringContaining(`ALLOWED_ORIGINS lists ${pages().unlisted}.`),
    })
    expect(service.sandbox.requests).toHaveLength(0)
  })

  it('sees that it is offline, and mints when it is back', async () => {
    const service = await start()
    const opened = await openPage()
    await runInPage(opened, service.url, mint())
    await opened.page.context().setOffline(true)
    const { error } = await runInPage(opened, service.url, mint())
    expect(error).toMatchObject({
      code: 'no_answer',
      status: 0,
      message: expect.stringContaining('reachable'),
    })
    await opened.page.context().setOffline(false)
    const { values } = await runInPage(opened, service.url, mint())
    expect(values).toStrictEqual([expect.stringMatching(/^ek_/)])
  })

  it('that slept until its secret expired connects with a new one', async () => {
    const service = await start()
    const sockets = service.sandbox.baseUrl.replace('http', 'ws')
    const body = `const client = createClient({ url, preset: 'assistant' })
      const connect = (secret) => new Promise((resolve) => {
        const socket = new WebSocket('${sockets}/realtime', ['realtime', 'openai-insecure-api-key.' + secret])
        socket.onmessage = ({ data }) => resolve(JSON.parse(data).error?.message ?? JSON.parse(data).type)
      })
      const secret = await client.apiKey()
      const seen = [await connect(secret)]
      await sleep()
      return [...seen, await connect(secret), await connect(await client.apiKey())]`
    const opened = await openPage()
    await opened.page.exposeFunction('sleep', service.sandbox.expireSecrets)
    const { values } = await runInPage(opened, service.url, body)
    expect(values).toStrictEqual([
      'session.created',
      expect.stringContaining('The client secret has expired.'),
      'session.created',
    ])
  })

  it('aborts a request that takes long', async () => {
    const service = await start()
    service.sandbox.behave({ kind: 'hang' }, 1)
    const { error } = await runInPage(
      await openPage(),
      service.url,
      mint('{ signal: AbortSignal.timeout(300) }'),
    )
    expect(error).toMatchObject({ name: 'TimeoutError' })
  })
})
