/** Pauses on the operations page: the end of a night. */
import type { Locator, Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { type AdminService, startAdminService } from '../admin/admin-service.ts'
import { toBelievableDay } from '../admin/believable-day.ts'
import { keys } from '../audit/fields.ts'
import { writeFiles } from '../audit-reader/chains.ts'
import { refusalOf } from '../support/replies.ts'
import { createTemporaryDirectory, type Defer, PRESETS } from '../support/service.ts'
import { secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { findAxeViolations } from './axe.ts'
import { describeInChromium, type Scene } from './chromium.ts'
import { operator } from './operator.ts'

const FLOODER = 'person-7'
const flooder = keys.toPseudonym('caller', FLOODER)

async function startAfterADay(defer: Defer): Promise<AdminService> {
  const files = toBelievableDay({ end: Date.now(), attempts: 900 })
  const directory = await writeFiles(files, await createTemporaryDirectory(defer))
  const presets = PRESETS.replace('assistant:', 'voice-assistant:')
  return startAdminService({ ...secretEnvironment, AUDIT_DIR: directory }, { defer, presets })
}

const waitForAnswer = (page: Page): Promise<void> => page.locator('main.ready[aria-busy="false"]').waitFor()

const toMint = ({ mint }: AdminService, sub: string) =>
  mint({ preset: 'voice-assistant' }, toBearer(toToken({ sub })))

const hasFocus = async (target: Locator): Promise<boolean> =>
  (await target.and(target.page().locator(':focus')).count()) > 0

/** Presses Tab until the target has the focus. */
async function reach(page: Page, target: Locator, presses = 200): Promise<void> {
  if (presses === 0) throw new Error(`the Tab key does not lead to ${target.toString()}`)
  await page.keyboard.press('Tab')
  if (!(await hasFocus(target))) await reach(page, target, presses - 1)
}

async function press(page: Page, target: Locator): Promise<void> {
  await reach(page, target)
  await page.keyboard.press('Enter')
}

const readClipboard = (page: Page) => page.evaluate('navigator.clipboard.readText()')

const paused = [503, 'paused', null]

describeInChromium('pauses on the operations page', startAfterADay, (scene: Scene, service) => {
  async function openPage(query = '?range=1h', options: Parameters<Scene['open']>[0] = operator) {
    const opened = await scene.open(options)
    await opened.page.goto(`http://127.0.0.1:${service().adminPort}/${query}`)
    await waitForAnswer(opened.page)
    return opened
  }

  afterEach(async () => {
    const { pauses } = service()
    for (const { scope, value } of pauses.list()) await pauses.resume({ scope, value, by: 'command line' })
  })

  it('end a night that begins at the link of an alert, with the keyboard alone', async () => {
    const { page, errors } = await openPage('?range=1h&code=rate_limited', {
      ...operator,
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    const short = flooder.slice(0, 8)
    await press(page, page.locator('#caller').getByRole('button', { name: short, exact: true }))
    await page.locator('#chips').getByText(short).waitFor()
    await waitForAnswer(page)

    await press(page, page.locator('#records tr.refused').getByRole('button').first())
    const record = page.locator('#record')
    expect(await record.locator('.meaning').textContent()).toMatch(/^RATE_LIMIT_PER_CALLER is reached/)
    expect(await record.locator('.fields').textContent()).toContain(flooder)
    await press(page, record.getByRole('button', { name: 'Copy the command' }))
    expect(await readClipboard(page)).toMatch(/^realtime-mint audit query --request-id [0-9a-f-]{36} --json$/)
    const pauseCaller = record.getByRole('button', { name: 'Pause this caller …' })
    await press(page, pauseCaller)
    await page.keyboard.press('Escape')
    expect(await hasFocus(pauseCaller)).toBe(true)
    await page.keyboard.press('Enter')

    const form = page.locator('#pause')
    expect(await form.getByLabel('Which').inputValue()).toBe(flooder)
    await reach(page, form.getByLabel('For'))
    await page.keyboard.type('4 hours')
    await reach(page, form.getByLabel('Note'))
    await page.keyboard.type('the flood of the night')
    await press(page, form.getByRole('button', { name: 'Copy the command' }))
    expect(await readClipboard(page)).toBe(
      `realtime-mint pause --caller ${flooder} --for 4h --note 'the flood of the night'`,
    )
    expect(await form.textContent()).toContain('From a checkout, put npm exec -- before it.')
    await press(page, form.getByRole('button', { name: 'Pause', exact: true }))
    await form.waitFor({ state: 'hidden' })
    await page.keyboard.press('Escape')
    await record.waitFor({ state: 'hidden' })

    const banner = page.locator('main > section').first()
    await banner.getByText(`The caller ${flooder} is paused`).waitFor()
    expect(await banner.textContent()).toMatch(
      /Since \d\d:\d\d:\d\d by ADMIN_TOKEN, until .+, for [34] h more.*the flood of the night/,
    )
    expect(refusalOf(await toMint(service(), FLOODER))).toEqual(paused)
    expect((await toMint(service(), 'person-8')).statusCode).toBe(200)
    await page.locator('#changes li:first-child').getByText('Paused').waitFor()

    await press(page, banner.getByText('As command'))
    await press(page, banner.getByRole('button', { name: 'Copy the command' }))
    expect(await readClipboard(page)).toBe(`realtime-mint resume --caller ${flooder}`)
    await press(page, banner.getByRole('button', { name: 'Resume' }))
    await banner.waitFor({ state: 'hidden' })
    expect((await toMint(service(), FLOODER)).statusCode).toBe(200)
    await page.locator('#changes li:first-child').getByText('Pause ended').waitFor()
    expect(errors).toStrictEqual([])
  }, 60_000)

  it('of everything say that the service is not minting, and name no value', async () => {
    const { page, errors } = await openPage()
    await page.getByRole('button', { name: 'Pause …', exact: true }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('What').selectOption('All minting')
    expect(await form.getByLabel('Which').isVisible()).toBe(false)
    await form.getByLabel('For').selectOption('Until someone resumes')
    expect(await form.locator('pre').textContent()).toBe('realtime-mint pause --all')
    await form.getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByText('All minting is paused', { exact: true }).waitFor()
    await page.getByRole('heading', { level: 1, name: 'Not minting' }).waitFor()
    expect(refusalOf(await toMint(service(), 'person-8'))).toEqual(paused)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('heading', { level: 1, name: /^Minting/ }).waitFor()
    expect(errors).toStrictEqual([])
  })

  it('that cannot be are explained in the form, which keeps what was typed', async () => {
    const { page } = await openPage()
    await page.getByRole('button', { name: 'Pause …', exact: true }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('What').selectOption('A preset')
    await form.getByLabel('Which').fill('voice-asistant')
    await page.keyboard.press('Enter')
    await form.getByRole('alert').getByText('The presets file has no such preset.').waitFor()
    expect(await form.getByLabel('Which').inputValue()).toBe('voice-asistant')
  })

  it('need the token', async () => {
    const { page } = await openPage('', { httpCredentials: { username: 'night', password: 'wrong' } })
    await page.getByRole('button', { name: 'Pause …', exact: true }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('What').selectOption('All minting')
    await form.getByRole('button', { name: 'Pause', exact: true }).click()
    await form.getByRole('alert').getByText('The token is missing or wrong.').waitFor()
    expect(service().pauses.list()).toEqual([])
  })

  it.each([390, 1440])(
    'fit %i pixels in light and dark, with a form that fits too, and axe-core finds nothing',
    async (width) => {
      const { pauses } = service()
      const fixed = { forMs: 3_600_000, by: 'command line', note: 'n'.repeat(200) } as const
      await pauses.pause({ ...fixed, scope: 'caller', value: flooder })
      await pauses.pause({ ...fixed, scope: 'preset', value: 'voice-assistant', forMs: null, note: null })
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, errors } = await openPage('', { viewport: { width, height: 900 }, colorScheme })
        expect(await page.locator('#paused li').count()).toBe(2)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
        expect(await findAxeViolations(page)).toStrictEqual([])
        await page.getByRole('button', { name: 'Pause …', exact: true }).click()
        expect(await findAxeViolations(page)).toStrictEqual([])
        expect(await page.evaluate('pause.scrollWidth - pause.clientWidth')).toBe(0)
        expect(errors).toStrictEqual([])
      }
    },
  )
})
