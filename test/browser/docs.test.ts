/** Every example of docs/browser.md that needs no library, and those for React. */
import { expect, it } from 'vitest'
import { reasons } from '../../src/reasons.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { describeInChromium } from './chromium.ts'
import { type Example, type ExampleOptions, render, runExample } from './example.ts'
import { startPageServer } from './page-server.ts'
import { findCodes, findSnippets } from './snippets.ts'

const secret = expect.stringMatching(/^ek_/)

describeInChromium('an example of docs/browser.md', startPageServer, (scene, pages) => {
  const run = (code: string, options?: ExampleOptions): Promise<Example> =>
    runExample({ scene, pages: pages() }, code, options)

  it('for plain JavaScript gets a secret', async () => {
    const [code] = findSnippets('JavaScript')
    const { errors, result } = await run(`${code}; finish({ value, expiresAt })`)
    expect(await result).toStrictEqual({ value: secret, expiresAt: expect.any(Number) })
    expect(errors).toStrictEqual([])
  })

  it('for users with tokens gets a secret', async () => {
    const [, code] = findSnippets('JavaScript')
    const { errors, result } = await run(`${code}; finish(value)`, {
      environment: secretEnvironment,
      prepare: (opened) =>
        opened.addInitScript(
          `globalThis.auth = { getAccessToken: async () => ${JSON.stringify(toToken())} }`,
        ),
    })
    expect(await result).toStrictEqual(secret)
    expect(errors).toStrictEqual([])
  })

  it('for a React button mints when the user clicks', async () => {
    const [code] = findSnippets('React')
    const rendered = render('<CallButton connect={({ value }) => { finish(value) }} />')
    const { page, errors, service, result } = await run(`${code}; ${rendered}`)
    await page.getByRole('button', { name: 'Talk' }).waitFor()
    expect(service.sandbox.requests).toHaveLength(0)
    await page.getByRole('button', { name: 'Talk' }).click()
    expect(await result).toStrictEqual(secret)
    expect(errors).toStrictEqual([])
  })

  it('for a React button shows why there is no secret', async () => {
    const [code = ''] = findSnippets('React')
    const rendered = render('<CallButton connect={() => undefined} />')
    const { page } = await run(`${code.replace('voice-assistant', 'nothing')}; ${rendered}`)
    await page.getByRole('button', { name: 'Talk' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('The preset does not exist')
  })

  it('for a React hook makes one mint, although StrictMode mounts twice', async () => {
    const [, code] = findSnippets('React')
    const { page, errors, service } = await run(`${code}
      globalThis.mounts = 0
      function Show() {
        const { secret } = useClientSecret()
        useEffect(() => { globalThis.mounts += 1 }, [])
        return <p id="secret">{secret?.value}</p>
      }
      ${render('<Show />')}`)
    expect(await page.locator('#secret:not(:empty)').textContent()).toMatch(/^ek_/)
    expect(await page.evaluate('globalThis.mounts')).toBe(2)
    expect(service.sandbox.requests).toHaveLength(1)
    expect(errors).toStrictEqual([])
  })

  it('for plain WebRTC connects with the session of the preset, and audio flows both ways', async () => {
    const [code = ''] = findSnippets('Plain WebRTC')
    const { page, errors, result } = await run(
      `${code.replace('console.log(JSON.parse(data).type)', 'finish(data)')}; globalThis.connection = connection`,
    )
    expect(JSON.parse(String(await result))).toMatchObject({
      type: 'session.created',
      session: {
        model: 'gpt-realtime-2.1',
        instructions: expect.stringContaining('You are a friendly assistant.'),
        audio: { input: { noise_reduction: { type: 'near_field' } }, output: { voice: 'marin' } },
      },
    })
    const readBytes = async (): Promise<readonly number[]> =>
      page.evaluate(`(async () => [...(await connection.getStats()).values()]
        .filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp')
        .map(({ bytesReceived, bytesSent }) => bytesReceived ?? bytesSent))()`)
    const both = [expect.any(Number), expect.any(Number)]
    const first = await readBytes()
    await expect
      .poll(async () => (await readBytes()).filter((bytes, index) => bytes > (first[index] ?? 0)), {
        timeout: 10_000,
      })
      .toStrictEqual(both)
    expect(errors).toStrictEqual([])
  })

  it('for plain WebRTC says what OpenAI answered, if the secret has expired', async () => {
    const [code] = findSnippets('Plain WebRTC')
    const { errors } = await run(String(code), {
      prepare: (opened, { expireSecrets }) =>
        opened.route('**/v1/realtime/calls', (route) => {
          expireSecrets()
          return route.fallback()
        }),
    })
    await expect.poll(() => errors, { timeout: 10_000 }).toStrictEqual(['OpenAI answered 401'])
  })

  it('for a plain WebSocket connects with the session of the preset', async () => {
    const [code = ''] = findSnippets('Plain WebSocket')
    const { errors, result } = await run(code.replace('console.log(JSON.parse(data).type)', 'finish(data)'))
    expect(JSON.parse(String(await result))).toMatchObject({
      type: 'session.created',
      session: { instructions: expect.stringContaining('You are a friendly assistant.') },
    })
    expect(errors).toStrictEqual([])
  })

  it('without the client gets a secret, and shows the message of a refusal', async () => {
    const [code] = findSnippets('Without the client')
    const { errors, result } = await run(`${code}
      finish([await fetchSecret('voice-assistant'), await fetchSecret('nothing').catch(({ message }) => message)])`)
    expect(await result).toStrictEqual([
      secret,
      expect.stringMatching(/^The preset does not exist.* \(request [0-9a-f-]{36}\)$/),
    ])
    expect(errors).toStrictEqual([])
  })
})

it('docs/browser.md says of every code what a page should do', () => {
  const missing = Object.values(reasons).filter(({ code }) => !findCodes().includes(code))
  expect(missing).toStrictEqual([])
})
