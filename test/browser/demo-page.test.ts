import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { type Defer, startTestService } from '../support/service.ts'
import { describeInChromium, type Scene } from './chromium.ts'
import { startDemoService, waitForEnd } from './demo.ts'

/** The codes of the replies, with the waits between them. */
const readTimeline = (page: Page): Promise<readonly string[]> =>
  page.locator('#timeline .code, #timeline .wait').allTextContents()

describeInChromium(
  'the demo page',
  (defer) => startDemoService(defer),
  (scene: Scene, url) => {
    async function openDemo(options: Parameters<Scene['open']>[0] = {}) {
      const opened = await scene.open(options)
      await opened.page.goto(url())
      await waitForEnd(opened.page)
      return opened
    }

    it('gets a secret, shows what went over the wire, and counts down until it expires', async () => {
      const { page, errors } = await openDemo()
      await page.clock.install()
      await page.getByRole('button', { name: 'Get a secret' }).click()
      expect(await page.locator('.secret code').textContent()).toMatch(/^ek_sandbox_/)
      expect(await page.locator('.countdown').textContent()).toMatch(/^(60|59) s left/)
      const messages = await page.locator('#timeline pre').allTextContents()
      expect(messages[0]).toContain('POST /v1/realtime/client_secrets')
      expect(messages[0]).toContain('"preset": "voice-assistant"')
      expect(messages[1]).toMatch(/^HTTP\/1\.1 200\n[\s\S]*x-request-id: [\s\S]*"value": "ek_sandbox_/)
      expect(messages[2]).toMatch(/"session": \{[\s\S]*"instructions": "You are a friendly assistant/)
      await page.clock.fastForward(61_000)
      expect(await page.locator('.countdown').textContent()).toMatch(/^Expired\./)
      expect(errors).toStrictEqual([])
    })

    it('sends the variables and overrides of its form, and shows the code that does the same', async () => {
      const { page, errors } = await openDemo()
      await page.getByRole('radio', { name: 'support-agent' }).check()
      await page.getByLabel('shop').selectOption('Harbour')
      await page.getByLabel('customer', { exact: true }).fill("Ada O'Neill")
      await page.getByLabel('audio.output.voice').selectOption('marin')
      await page.getByLabel('audio.output.speed').fill('1.1')
      expect(await page.locator('#snippet').textContent()).toContain(
        String.raw`mint.secret({ variables: { shop: 'Harbour', customer: 'Ada O\'Neill' }, session: { audio: { output: { voice: 'marin', speed: 1.1 } }, type: 'realtime' } })`,
      )
      await page.getByLabel('audio.output.speed').press('Enter')
      await page.locator('.secret').waitFor()
      const [request = ''] = await page.locator('#timeline pre').allTextContents()
      expect(JSON.parse(request.slice(request.indexOf('{')))).toStrictEqual({
        preset: 'support-agent',
        variables: { shop: 'Harbour', customer: "Ada O'Neill" },
        session: { type: 'realtime', audio: { output: { voice: 'marin', speed: 1.1 } } },
      })
      expect(errors).toStrictEqual([])
    })

    const waited = 'The client waits for 2 s, as Retry-After says.'

    it.each<[title: string, timeline: RegExp, shows: RegExp]>([
      [
        'Wrong origin',
        /^no reply$/,
        /JavaScript gets: TypeError: Failed to fetch.*ALLOWED_ORIGINS.*http or https/,
      ],
      ['Unknown preset', /^404$/, /code.?unknown_preset/],
      ['Forbidden change', /^403$/, /code.?override_not_allowed.*session\.model/],
      ['Too many requests', /^(200 )+429$/, /code.?rate_limited.*retryAfter.?\d+/],
      ['Wrong API key', /^502$/, /code.?upstream_misconfigured/],
      ['OpenAI is busy', new RegExp(`^503 ${waited} 200$`), /ek_sandbox_/],
      [
        'OpenAI is down',
        new RegExp(`^503 ${waited} 503 ${waited} 503$`),
        /code.?upstream_unavailable.*gives up.*asks OpenAI twice/,
      ],
      ['Slow', /^200$/, /ek_sandbox_/],
      ['No answer', /^504$/, /code.?upstream_timeout/],
    ])('shows %s, and works again after it', async (title, timeline, shows) => {
      const { page, errors } = await openDemo()
      await page.getByRole('button', { name: title }).click()
      await page.locator('.lesson').waitFor({ timeout: 15_000 })
      expect((await readTimeline(page)).join(' ')).toMatch(timeline)
      expect(await page.locator('#status').textContent()).toMatch(shows)
      await page.getByRole('button', { name: 'Get a secret' }).click()
      await page.locator('.secret').waitFor()
      expect(errors).toStrictEqual([])
    })

    it('cancels a request that takes long', async () => {
      const { page, errors } = await openDemo()
      await page.getByRole('button', { name: 'Slow' }).click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await waitForEnd(page)
      expect(await page.locator('#status').textContent()).toContain('Cancelled')
      expect(errors).toStrictEqual([])
    })

    it('works by keyboard: a preset by arrow key, then Enter, then the tabs of the code', async () => {
      const { page } = await openDemo()
      await page.getByRole('radio', { name: 'voice-assistant' }).focus()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.locator('.secret').waitFor()
      expect((await page.locator('#timeline pre').allTextContents())[0]).toContain('"transcriber"')
      await page.getByRole('tab', { name: 'JavaScript' }).focus()
      for (const [name, text] of [
        ['React', 'useEffect'],
        ['OpenAI SDK', 'clientSecrets.create'],
        ['Agents SDK', 'session.connect'],
        ['WebRTC', '/v1/realtime/calls'],
        ['WebSocket', 'openai-insecure-api-key'],
        ['curl', 'curl -sS'],
      ] as const) {
        await page.keyboard.press('ArrowRight')
        expect(await page.getByRole('tab', { selected: true }).textContent()).toBe(name)
        expect(await page.getByRole('tabpanel').textContent()).toContain(text)
      }
    })

    it('copies the code', async () => {
      const { page } = await openDemo({ permissions: ['clipboard-read', 'clipboard-write'] })
      await page.locator('#copy-code button').click()
      await page.getByRole('button', { name: 'Copied' }).waitFor()
      const copied = await page.evaluate('navigator.clipboard.readText()')
      expect(copied).toBe(await page.locator('#snippet').textContent())
    })

    it.each([
      [390, 'light'],
      [390, 'dark'],
      [1024, 'light'],
      [1440, 'dark'],
    ] as const)('fits into %i pixels, %s', async (width, colorScheme) => {
      const { page } = await openDemo({ viewport: { width, height: 800 }, colorScheme })
      await page.getByRole('button', { name: 'Unknown preset' }).click()
      await page.locator('.lesson').waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      expect(background).toBe(colorScheme === 'dark' ? 'rgb(14, 18, 17)' : 'rgb(247, 248, 247)')
    })

    it('links to the operations page', async () => {
      const { page, errors } = await openDemo()
      await page.getByRole('link', { name: 'Operations' }).click()
      await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/$/)
      expect(page.url()).not.toBe(`${url()}/`)
      expect(await page.title()).toContain('realtime-mint')
      expect(errors).toStrictEqual([])
    })

    it('offers no sign-in where callers are anonymous', async () => {
      const { page } = await openDemo()
      expect(await page.getByLabel('test user').count()).toBe(0)
    })

    it('gives every control a name', async () => {
      const { page } = await openDemo()
      await page.getByRole('radio', { name: 'support-agent' }).check()
      const nameless = `[...document.querySelectorAll('input, select, button')]
      .filter((control) => !control.labels?.length && control.textContent.trim() === '').length`
      expect(await page.evaluate(nameless)).toBe(0)
    })

    it('has a policy that allows no inline code or style and no other host', async () => {
      const { headers } = await fetch(url())
      const policy = headers.get('content-security-policy')
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self';")
      expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
      expect(policy).toMatch(/connect-src 'self' (http:\/\/127\.0\.0\.1:\d+) ws:\/\/127\.0\.0\.1:\d+;/)
      expect(policy).not.toContain('unsafe')
    })
  },
)

const startWithTokens = (defer: Defer): Promise<string> => startDemoService(defer, { AUTH_MODE: 'jwt' })

describeInChromium('the demo page with AUTH_MODE=jwt', startWithTokens, ({ open }, url) => {
  it.each<[caller: string, timeline: string, shows: RegExp]>([
    ['Ada, signed in', '200', /ek_sandbox_/],
    // The client asks for one new token.
    ['Ada, with an expired token', '401 401', /code.?unauthenticated/],
    ['nobody', '401', /code.?unauthenticated/],
  ])('asks as %s', async (caller, timeline, shows) => {
    const { page, errors } = await open()
    await page.goto(url())
    await page.getByLabel('test user').selectOption(caller)
    const code = await page.locator('#snippet').textContent()
    expect(code?.includes('token: () =>')).toBe(caller !== 'nobody')
    await page.getByRole('button', { name: 'Get a secret' }).click()
    await page.locator('#status[data-state]').waitFor()
    expect((await readTimeline(page)).join(' ')).toBe(timeline)
    expect(await page.locator('#status').textContent()).toMatch(shows)
    expect(errors).toStrictEqual([])
  })
})

describe('without the demo', () => {
  it('there is no page, and the message says what to do', async () => {
    const { app } = await startTestService()
    for (const path of ['/', '/demo/main.js', '/demo/state']) {
      const reply = await app.inject(path)
      expect(reply.statusCode).toBe(404)
      expect(reply.json().error.message).toBe(
        'realtime-mint has no page here. Apps request a client secret with POST /v1/realtime/client_secrets.',
      )
    }
  })
})
