/** Every example of docs/browser.md, run in Chromium as a page of another origin. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { reasons } from '../../src/reasons.ts'
import { ROOT, startTestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { describeInChromium } from './chromium.ts'
import { routeToSandbox } from './openai-route.ts'
import { startPageServer } from './page-server.ts'
import { bundle, findCodes, findPolicy, findSnippets, SERVICE } from './snippets.ts'

const secret = expect.stringMatching(/^ek_/)

/** Shows a component as development builds do, with all its mounts twice. */
const render = (what: string): string => `
  import * as ReactAll from 'react'
  import { createRoot } from 'react-dom/client'
  createRoot(document.querySelector('#root')).render(<ReactAll.StrictMode>${what}</ReactAll.StrictMode>)`

describeInChromium('an example of docs/browser.md', startPageServer, (scene, pages) => {
  /** Opens a page that runs `code` under the policy of the docs. */
  async function runExample(
    code: string,
    {
      environment = {},
      prepare,
      adaptPresets = String,
    }: {
      environment?: Record<string, string>
      prepare?: (page: Page, sandbox: Sandbox) => Promise<unknown>
      adaptPresets?: (presets: string) => string
    } = {},
  ) {
    const service = await startTestService({
      presets: adaptPresets(await readFile(join(ROOT, 'presets.yaml'), 'utf8')),
      environment: { ALLOWED_ORIGINS: pages().listed, ...environment },
    })
    const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const { page, errors } = await scene.open()
    /** What the example passes to `finish`. */
    const { promise: result, resolve } = Promise.withResolvers<unknown>()
    await page.exposeFunction('finish', resolve)
    await routeToSandbox(page, service.sandbox)
    await prepare?.(page, service.sandbox)
    const script = await bundle(code.replaceAll(SERVICE, url))
    pages().publish(script, findPolicy().replaceAll(SERVICE, url))
    await page.goto(`${pages().listed}/example`)
    return { page, errors, service, result }
  }

  it('for plain JavaScript gets a secret', async () => {
    const [code] = findSnippets('JavaScript')
    const { errors, result } = await runExample(`${code}; finish({ value, expiresAt })`)
    expect(await result).toStrictEqual({ value: secret, expiresAt: expect.any(Number) })
    expect(errors).toStrictEqual([])
  })

  it('for users with tokens gets a secret', async () => {
    const [, code] = findSnippets('JavaScript')
    const { errors, result } = await runExample(`${code}; finish(value)`, {
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
    const { page, errors, service, result } = await runExample(`${code}; ${rendered}`)
    await page.getByRole('button', { name: 'Talk' }).waitFor()
    expect(service.sandbox.requests).toHaveLength(0)
    await page.getByRole('button', { name: 'Talk' }).click()
    expect(await result).toStrictEqual(secret)
    expect(errors).toStrictEqual([])
  })

  it('for a React button shows why there is no secret', async () => {
    const [code = ''] = findSnippets('React')
    const rendered = render('<CallButton connect={() => undefined} />')
    const { page } = await runExample(`${code.replace('voice-assistant', 'nothing')}; ${rendered}`)
    await page.getByRole('button', { name: 'Talk' }).click()
    expect(await page.getByRole('alert').textContent()).toContain('The preset does not exist')
  })

  it('for a React hook makes one mint, although StrictMode mounts twice', async () => {
    const [, code] = findSnippets('React')
    const { page, errors, service } = await runExample(`${code}
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

  it('for the OpenAI SDK gets a secret', async () => {
    const [code] = findSnippets('OpenAI SDK')
    const { errors, result } = await runExample(`${code}; finish({ value, expires_at })`)
    expect(await result).toStrictEqual({ value: secret, expires_at: expect.any(Number) })
    expect(errors).toStrictEqual([])
  })

  it('for the OpenAI SDK connects, and the session is that of the preset', async () => {
    const [, code = ''] = findSnippets('OpenAI SDK')
    const { errors, result } = await runExample(
      code.replace('({ type }) => console.log(type)', '(event) => finish(event)'),
    )
    expect(await result).toMatchObject({
      type: 'session.created',
      session: { instructions: expect.stringContaining('You are a friendly assistant.') },
    })
    expect(errors).toStrictEqual([])
  })

  it('for TanStack AI connects, with a preset that lasts longer than a minute', async () => {
    const [code = ''] = findSnippets('TanStack AI')
    const { service, errors, result } = await runExample(`${code}; finish(client.status)`, {
      adaptPresets: (presets) =>
        presets.replaceAll('expires_after_seconds: 60', 'expires_after_seconds: 300'),
    })
    expect(await result).toBe('connected')
    expect(service.sandbox.requests).toHaveLength(1)
    expect(errors).toStrictEqual([])
  })

  it('for TanStack AI mints without a pause, if the preset lasts a minute', async () => {
    const [code = ''] = findSnippets('TanStack AI')
    const { service } = await runExample(code)
    await expect.poll(() => service.sandbox.requests.length, { timeout: 10_000 }).toBeGreaterThan(3)
  })

  it('for the Agents SDK connects, and the SDK overwrites the preset as the docs say', async () => {
    const [code = ''] = findSnippets('Agents SDK')
    const listen = `const sessions = []
      session.transport.on('*', (event) => {
        if (event.session) sessions.push(event.session)
        if (event.type === 'session.updated' && event.session.instructions.startsWith('The same')) finish(sessions)
      })
      await session.connect`
    const { result } = await runExample(code.replace('await session.connect', listen))
    const sessions = [await result].flat()
    expect(sessions[0]).toMatchObject({
      instructions: expect.stringContaining('You are a friendly assistant.'),
      audio: {
        input: { noise_reduction: { type: 'near_field' }, transcription: null },
        output: { voice: 'marin' },
      },
    })
    expect(sessions.at(-1)).toMatchObject({
      model: 'gpt-realtime-2.1',
      instructions: 'The same text as in the preset.',
      audio: {
        input: {
          noise_reduction: null,
          transcription: { model: 'gpt-4o-mini-transcribe' },
          turn_detection: { type: 'semantic_vad' },
        },
        output: { voice: 'marin', speed: 1 },
      },
    })
  })

  it('for plain WebRTC connects with the session of the preset, and audio flows both ways', async () => {
    const [code = ''] = findSnippets('Plain WebRTC')
    const { page, errors, result } = await runExample(
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
    const { errors } = await runExample(String(code), {
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
    const { errors, result } = await runExample(
      code.replace('console.log(JSON.parse(data).type)', 'finish(data)'),
    )
    expect(JSON.parse(String(await result))).toMatchObject({
      type: 'session.created',
      session: { instructions: expect.stringContaining('You are a friendly assistant.') },
    })
    expect(errors).toStrictEqual([])
  })

  it('without the client gets a secret, and shows the message of a refusal', async () => {
    const [code] = findSnippets('Without the client')
    const { errors, result } = await runExample(`${code}
      finish([await mint('voice-assistant'), await mint('nothing').catch(({ message }) => message)])`)
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
