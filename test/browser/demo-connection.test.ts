import type { Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { findAxeViolations } from './axe.ts'
import { describeInChromium } from './chromium.ts'
import { startDemoService, waitForEnd } from './demo.ts'
import { startPageServer } from './page-server.ts'

const talk = (page: Page) => page.getByRole('button', { name: /^Talk/ })
const write = (page: Page) => page.getByRole('button', { name: /^Write/ })
const isConnected = (page: Page) => page.locator('#connection-state[data-state="good"]').waitFor()
const readState = (page: Page) => page.locator('#connection-state').textContent()

/** The directions and types of the events in the list. */
const readEvents = (page: Page): Promise<readonly string[]> =>
  page.locator('#events summary').allTextContents()

describeInChromium(
  'a connection of the demo page',
  (defer) => startDemoService(defer),
  ({ open }, url) => {
    async function openDemo(options: Parameters<typeof open>[0] = {}) {
      const opened = await open(options)
      await opened.page.goto(url())
      await waitForEnd(opened.page)
      return opened
    }

    it('takes the microphone to the sandbox, and brings its voice back', async () => {
      const { page, errors } = await openDemo()
      await talk(page).click()
      await isConnected(page)
      expect(await readState(page)).toContain('Connected by WebRTC')
      for (const bytes of ['#sent', '#received']) {
        await page.locator(bytes, { hasText: /^[1-9]\d*\.\d kB$/ }).waitFor()
      }
      const level = async (): Promise<number> => Number(await page.locator('#level').getAttribute('value'))
      await expect.poll(level, { timeout: 10_000 }).toBeGreaterThan(0)
      expect(await page.locator('#timeline .path').allTextContents()).toStrictEqual([
        'POST /v1/realtime/client_secrets',
        'POST /v1/realtime/calls',
      ])
      await page.getByRole('button', { name: 'End', exact: true }).click()
      await page.locator('#connection-state', { hasText: 'Ended.' }).waitFor()
      expect(errors).toStrictEqual([])
    })

    it('has the session of the preset, until the page sends what the Agents SDK sends', async () => {
      const { page, errors } = await openDemo()
      await write(page).click()
      await isConnected(page)
      await page.getByText('until something overwrites it').click()
      expect(await page.locator('#session').textContent()).toContain('You are a friendly assistant')
      await page.getByRole('button', { name: 'Send what the Agents SDK sends' }).click()
      await page.locator('#changed', { hasText: 'The preset is overwritten: ' }).waitFor()
      expect(await page.locator('#changed').textContent()).toMatch(
        /: instructions, .*audio\.input\.transcription.*noise_reduction.*turn_detection/,
      )
      expect(await page.locator('#session').textContent()).not.toContain('You are a friendly assistant')
      expect(errors).toStrictEqual([])
    })

    it('works by keyboard: connect, write, read the answer, and see the events', async () => {
      const { page, errors } = await openDemo()
      await write(page).focus()
      await page.keyboard.press('Enter')
      await isConnected(page)
      await page.getByLabel('Message').focus()
      await page.keyboard.type('Good morning')
      await page.keyboard.press('Enter')
      await page.locator('#said', { hasText: 'You said: Good morning' }).waitFor()
      expect(await readEvents(page)).toStrictEqual(
        expect.arrayContaining(['receivedsession.created', 'sentresponse.create', 'receivedresponse.done']),
      )
      expect(errors).toStrictEqual([])
    })

    it('for captions sends audio, and shows what was heard', async () => {
      const { page, errors } = await openDemo()
      await page.getByRole('radio', { name: 'transcriber' }).check()
      await write(page).click()
      await isConnected(page)
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.locator('#said', { hasText: 'Heard 1.0 s of audio' }).waitFor()
      expect(errors).toStrictEqual([])
    })

    it('is not offered for translations, and the page says why', async () => {
      const { page } = await openDemo()
      await page.getByRole('radio', { name: 'translator' }).check()
      expect(await talk(page).isDisabled()).toBe(true)
      await page.getByText('The sandbox has no calls for translations.').waitFor()
    })

    it('is refused with an expired secret, the page says so, and a new secret works', async () => {
      const { page, errors } = await openDemo()
      await page.getByRole('button', { name: 'Expired secret' }).click()
      await page.locator('.lesson', { hasText: 'mint again to reconnect' }).waitFor()
      expect(await readState(page)).toContain('The client secret has expired.')
      await write(page).click()
      await isConnected(page)
      expect(errors).toStrictEqual([])
    })

    it('says what to do without a microphone', async () => {
      const { page } = await openDemo()
      await page.evaluate(`navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('denied'))`)
      await talk(page).click()
      await page.locator('#connection-state[data-state="bad"]').waitFor()
      expect(await readState(page)).toContain('Allow it, or write instead.')
    })

    it.each(['WebRTC', 'WebSocket'])(
      'is what the code for %s opens, from a page of another origin',
      async (name) => {
        const { page } = await openDemo()
        await page.getByRole('tab', { name }).click()
        const pages = await startPageServer(onTestFinished)
        pages.publish(String(await page.locator('#snippet').textContent()), '')
        const other = await open()
        const created = other.page.waitForEvent('console', (message) => message.text() === 'session.created')
        await other.page.goto(`${pages.listed}/example`)
        await created
        expect(other.errors).toStrictEqual([])
      },
    )

    it.each(['light', 'dark'] as const)('fits into a phone and is accessible, %s', async (colorScheme) => {
      const { page } = await openDemo({ viewport: { width: 390, height: 800 }, colorScheme })
      await write(page).click()
      await isConnected(page)
      await page.getByText('until something overwrites it').click()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
      expect(await findAxeViolations(page)).toStrictEqual([])
    })
  },
)
