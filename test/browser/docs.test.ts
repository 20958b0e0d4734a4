/** Every example of docs/browser.md, run in Chromium as a page of another origin. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { reasons } from '../../src/reasons.ts'
import { ROOT, startTestService } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { describeInChromium } from './chromium.ts'
import { answerAsOpenAi } from './openai-stand-in.ts'
import { startPageServer } from './page-server.ts'
import { bundle, findCodes, findPolicy, findSnippets, SERVICE } from './snippets.ts'

const secret = expect.stringMatching(/^ek_/)

const whenLogged = async (page: Page, text: string): Promise<void> => {
  await page.waitForEvent('console', (message) => message.text() === text)
}

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
    }: { environment?: Record<string, string>; prepare?: (page: Page) => Promise<unknown> } = {},
  ) {
    const service = await startTestService({
      presets: await readFile(join(ROOT, 'presets.yaml'), 'utf8'),
      environment: { ALLOWED_ORIGINS: pages().listed, ...environment },
    })
    const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
    const { page, errors } = await scene.open()
    /** What the example passes to `finish`. */
    const { promise: result, resolve } = Promise.withResolvers<unknown>()
    await page.exposeFunction('finish', resolve)
    await prepare?.(page)
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

  it('for the Agents SDK connects, and the SDK overwrites the preset as the docs say', async () => {
    const [code] = findSnippets('Agents SDK')
    const openAi: Awaited<ReturnType<typeof answerAsOpenAi>>[] = []
    const { result } = await runExample(`${code}; finish(true)`, {
      prepare: async (opened) => openAi.push(await answerAsOpenAi(opened, pages().listed)),
    })
    await result
    expect(openAi[0]?.calls).toMatchObject([{ authorization: expect.stringMatching(/^Bearer ek_/) }])
    const events = (await openAi[0]?.readEvents()) ?? []
    expect(events.find(({ type }) => type === 'session.update')?.session).toMatchObject({
      instructions: 'The same text as in the preset.',
    })
  })

  it('for plain WebRTC connects with audio, and sends nothing that changes the session', async () => {
    const [code] = findSnippets('Plain WebRTC')
    const openAi: Awaited<ReturnType<typeof answerAsOpenAi>>[] = []
    const logged: Promise<void>[] = []
    const { errors } = await runExample(String(code), {
      prepare: async (opened) => {
        openAi.push(await answerAsOpenAi(opened, pages().listed))
        logged.push(whenLogged(opened, 'session.created'))
      },
    })
    await Promise.all(logged)
    await openAi[0]?.whenHeard()
    expect(openAi[0]?.calls).toStrictEqual([
      { authorization: expect.stringMatching(/^Bearer ek_/), contentType: 'application/sdp' },
    ])
    expect(await openAi[0]?.readEvents()).toStrictEqual([])
    expect(errors).toStrictEqual([])
  })

  it('for a plain WebSocket connects with the secret as a subprotocol', async () => {
    const [code] = findSnippets('Plain WebSocket')
    const protocols: string[] = []
    const logged: Promise<void>[] = []
    const { errors } = await runExample(String(code), {
      prepare: async (opened) => {
        logged.push(whenLogged(opened, 'session.created'))
        await opened.routeWebSocket('wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1', (socket) => {
          protocols.push(...socket.protocols())
          socket.send(JSON.stringify({ type: 'session.created' }))
        })
      },
    })
    await Promise.all(logged)
    expect(protocols).toStrictEqual(['realtime', expect.stringMatching(/^openai-insecure-api-key\.ek_/)])
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
