/** Every example of docs/browser.md that uses a library, with that library unmodified. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { createTemporaryDirectory, ROOT } from '../support/service.ts'
import { secretEnvironment, toToken } from '../support/tokens.ts'
import { describeInChromium } from './chromium.ts'
import { type Example, type ExampleOptions, render, runExample } from './example.ts'
import { startPageServer } from './page-server.ts'
import { findSnippets, SERVICE } from './snippets.ts'

const secret = expect.stringMatching(/^ek_/)

/** A route of a server, as Next.js would call it. */
async function loadRoute(code: string): Promise<(request: Request) => Promise<Response>> {
  const file = join(await createTemporaryDirectory(), 'route.mjs')
  const client = pathToFileURL(join(ROOT, 'src/client/client.js')).href
  const own = code.replace('realtime-mint/client', client).replace('auth.toToken(request)', `'${toToken()}'`)
  await writeFile(file, own)
  const { POST } = await import(file)
  return POST
}

describeInChromium('an example of docs/browser.md', startPageServer, (scene, pages) => {
  const run = (code: string, options?: ExampleOptions): Promise<Example> =>
    runExample({ scene, pages: pages() }, code, options)

  it('for the OpenAI SDK gets a secret', async () => {
    const [code] = findSnippets('OpenAI SDK')
    const { errors, result } = await run(`${code}; finish({ value, expires_at })`)
    expect(await result).toStrictEqual({ value: secret, expires_at: expect.any(Number) })
    expect(errors).toStrictEqual([])
  })

  it('for the OpenAI SDK connects, and the session is that of the preset', async () => {
    const [, code = ''] = findSnippets('OpenAI SDK')
    const { errors, result } = await run(
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
    const { service, errors, result } = await run(`${code}; finish(client.status)`, {
      adaptPresets: (presets) =>
        presets.replaceAll('expires_after_seconds: 60', 'expires_after_seconds: 300'),
    })
    expect(await result).toBe('connected')
    expect(service.sandbox.requests).toHaveLength(1)
    expect(errors).toStrictEqual([])
  })

  it('for TanStack AI mints without a pause, if the preset lasts a minute', async () => {
    const [code = ''] = findSnippets('TanStack AI')
    const { service } = await run(code)
    await expect.poll(() => service.sandbox.requests.length, { timeout: 10_000 }).toBeGreaterThan(3)
  })

  it('for the Vercel AI SDK connects through a route of a server, and the session stays the preset', async () => {
    const [route = '', code] = findSnippets('Vercel AI SDK')
    const shown = code?.replace("api: { token: '/api/realtime' }", '$&, onEvent: (event) => seen(event)')
    const { page, errors, service } = await run(
      `const seen = globalThis.seen; ${shown}; ${render('<Call />')}`,
      {
        environment: secretEnvironment,
        prepare: (opened) =>
          opened.addInitScript('globalThis.events = []; globalThis.seen = (event) => events.push(event)'),
        adaptPolicy: (policy) => policy.replace('connect-src', "connect-src 'self'"),
      },
    )
    const answer = await loadRoute(route.replaceAll(SERVICE, service.url))
    await page.route('**/api/realtime', async (call) => {
      const reply = await answer(new Request('https://app.example.com/api/realtime', { method: 'POST' }))
      await call.fulfill({ status: reply.status, json: await reply.json() })
    })
    await page.getByRole('button', { name: 'Talk' }).click()
    await page.getByRole('button', { name: 'Say hello' }).click()
    await expect
      .poll(() => page.evaluate('JSON.stringify(events)'), { timeout: 10_000 })
      .toContain('You said: Hello')
    const updated = await page.evaluate(
      `events.map(({ raw }) => raw).findLast((raw) => raw?.session)?.session`,
    )
    expect(updated).toMatchObject({
      instructions: expect.stringContaining('You are a friendly assistant.'),
      audio: { input: { noise_reduction: { type: 'near_field' } }, output: { voice: 'marin' } },
    })
    expect(errors).toStrictEqual([])
  })

  it('for the Agents SDK connects, and the SDK overwrites the preset as the docs say', async () => {
    const [code = ''] = findSnippets('Agents SDK')
    const listen = `const sessions = []
      session.transport.on('*', (event) => {
        if (event.session) sessions.push(event.session)
        if (event.type === 'session.updated' && event.session.instructions.startsWith('The same')) finish(sessions)
      })
      await session.connect`
    const { result } = await run(code.replace('await session.connect', listen))
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
})
