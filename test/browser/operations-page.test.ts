import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { auditEvents } from '../../src/audit/format.ts'
import { type AdminService, beyondLoopback, startAdminService } from '../admin/admin-service.ts'
import { toBelievableDay } from '../admin/believable-day.ts'
import { writeFiles } from '../audit-reader/chains.ts'
import { createTemporaryDirectory, type Defer } from '../support/service.ts'
import { findAxeViolations } from './axe.ts'
import { describeInChromium, type Scene } from './chromium.ts'
import { operator } from './operator.ts'
import { startPathProxy } from './path-proxy.ts'

async function startAfterADay(defer: Defer): Promise<AdminService> {
  const files = toBelievableDay({ end: Date.now(), attempts: 900 })
  const directory = await writeFiles(files, await createTemporaryDirectory(defer))
  return startAdminService({ AUDIT_DIR: directory }, { defer })
}

const waitForAnswer = (page: Page): Promise<void> => page.locator('main.ready[aria-busy="false"]').waitFor()

/** In the page: elements whose text is wider than they are, but for those that say so by an ellipsis or scroll. */
const findCutText = `[...document.querySelectorAll('main *, header *')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline')
  .filter((one) => getComputedStyle(one).overflowX === 'hidden' && getComputedStyle(one).textOverflow !== 'ellipsis')
  .filter((one) => !one.classList.contains('unseen'))
  .map((one) => one.outerHTML.slice(0, 100))`

const patiently = { timeout: 20_000 } as const

const toParams = (page: Page): URLSearchParams => new URL(page.url()).searchParams

describeInChromium('the operations page', startAfterADay, (scene: Scene, service) => {
  async function openPage(query = '?range=6h', options: Parameters<Scene['open']>[0] = {}) {
    const opened = await scene.open(options)
    await opened.page.goto(`http://127.0.0.1:${service().adminPort}/${query}`)
    await waitForAnswer(opened.page)
    return opened
  }

  it('says at a glance what works, what fails, and since when', async () => {
    const { page, errors } = await openPage()
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Minting')
    await page.locator('.tile', { hasText: 'Audit chain' }).getByText('Intact').waitFor()
    expect(
      await page
        .locator('#presets')
        .getByText(/^failing since \d\d/)
        .count(),
    ).toBe(1)
    expect(await page.locator('#changes').textContent()).toMatch(/Presets in effect *77aa00bb/)
    expect(await page.locator('#codes').textContent()).toMatch(
      /rate_limited.*RATE_LIMIT_PER_CALLER is reached/,
    )
    expect(await page.locator('#charts canvas').count()).toBe(3)
    expect(errors).toStrictEqual([])
  })

  it('shows the same after the URL was shared, and what was before after going back', async () => {
    const { page } = await openPage('?range=1h&outcome=failed&zone=utc')
    expect(await page.locator('#records .outcome').allTextContents()).toSatisfy((texts: string[]) =>
      texts.slice(1).every((text) => text === 'failed'),
    )
    expect(await page.locator('#records thead th').first().textContent()).toBe('Time, UTC')
    await page.getByRole('button', { name: 'Remove the filter Outcome failed' }).click()
    await page.locator('#records tr.issued').first().waitFor()
    await page.goBack()
    await page.locator('#chips').getByText('failed').waitFor()
    expect(toParams(page).get('outcome')).toBe('failed')
  })

  it('opens for four operators at once behind one address', async () => {
    const pages = await Promise.all([1, 2, 3, 4].map(() => openPage()))
    const titles = pages.map(({ page }) => page.getByRole('heading', { level: 1 }).textContent())
    expect(await Promise.all(titles)).toStrictEqual(Array(4).fill('Minting'))
  })

  it('says so if one of its files does not arrive', async () => {
    const { page } = await scene.open()
    await page.route('**/page/uplot.js', (route) => route.abort())
    await page.goto(`http://127.0.0.1:${service().adminPort}/`)
    const message = page.getByText('A file of this page did not arrive. Reload the page.')
    expect(await message.isVisible()).toBe(false)
    await message.waitFor()
    await page.unroute('**/page/uplot.js')
    await page.reload()
    await waitForAnswer(page)
    expect(await message.count()).toBe(0)
  })

  it('turns to older records and back', async () => {
    const { page } = await openPage('?range=24h')
    const first = page.locator('#records tbody button').first()
    const newest = await first.getAttribute('data-key')
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByText('Page 2').waitFor()
    expect(await first.getAttribute('data-key')).not.toBe(newest)
    await page.getByRole('button', { name: 'Newer' }).click()
    await page.locator('#page', { hasText: /^Newest$/ }).waitFor()
    expect(await first.getAttribute('data-key')).toBe(newest)
  })

  it('filters by what is typed', async () => {
    const { page, errors } = await openPage()
    await page.getByLabel('Filter by').selectOption('preset')
    await page.getByLabel('Value').fill('support-agent')
    await page.keyboard.press('Enter')
    await page.locator('#chips').getByText('support-agent').waitFor()
    expect(toParams(page).get('preset')).toBe('support-agent')
    await page.getByLabel('Filter by').selectOption('event')
    const events = await page.locator('#filter-value option').allTextContents()
    expect(events.toSorted()).toStrictEqual(['any', ...auditEvents].toSorted())
    expect(errors).toStrictEqual([])
  })

  it.each(['light', 'dark'] as const)(
    'in the %s theme, axe finds nothing, and no width needs scrolling sideways',
    async (colorScheme) => {
      const { page, errors } = await openPage('?range=24h', { colorScheme })
      expect(await findAxeViolations(page)).toStrictEqual([])
      // 720 pixels are 1440 at 200 %.
      for (const width of [1440, 1024, 720, 390]) {
        await page.setViewportSize({ width, height: 900 })
        // The charts follow a frame later.
        await expect.poll(() => page.evaluate('document.documentElement.scrollWidth'), patiently).toBe(width)
      }
      await page.locator('#records tr.refused').first().getByRole('button').click()
      await page.getByRole('dialog').waitFor()
      expect(await findAxeViolations(page)).toStrictEqual([])
      expect(errors).toStrictEqual([])
    },
  )

  it('at 200 % cuts no text', async () => {
    const { page } = await openPage('?range=24h', { viewport: { width: 720, height: 450 } })
    expect(await page.evaluate(findCutText)).toStrictEqual([])
  })

  it('works below a path of a proxy, live updates too', async () => {
    const proxied = await startPathProxy('/mint', service().adminPort)
    const { page, errors } = await scene.open()
    await page.goto(`${proxied}/mint/?range=24h`)
    await waitForAnswer(page)
    const newest = page.locator('#records tbody button').first()
    const before = await newest.getAttribute('data-key')
    await service().mint()
    await expect.poll(() => newest.getAttribute('data-key'), patiently).not.toBe(before)
    expect(await page.locator('#live').textContent()).toBe('Live')
    expect(errors).toStrictEqual([])
  })

  it('names a filter that the service does not accept, and works again without it', async () => {
    const { page } = await scene.open()
    await page.goto(`http://127.0.0.1:${service().adminPort}/?code=nothing`)
    await page.getByText('The filter “Code” does not accept this value. Remove it.').waitFor()
    await page.getByRole('button', { name: 'Remove the filter Code nothing' }).click()
    await waitForAnswer(page)
    expect(await page.locator('#notice').textContent()).toBe('')
  })

  it('says that there is nothing yet, then shows the first attempt without a reload', async () => {
    const empty = await startAdminService()
    const { page, errors } = await scene.open()
    await page.goto(`http://127.0.0.1:${empty.adminPort}/`)
    await page.getByText('No attempts in this span.').waitFor()
    await empty.mint()
    await page.locator('#records tr.issued').waitFor()
    expect(errors).toStrictEqual([])
  })

  it('reads with the token, and reconnects after a restart of the service with each record once', async () => {
    const environment = { ...beyondLoopback, AUDIT_DIR: await createTemporaryDirectory() }
    const ending = await startAdminService(environment)
    expect((await ending.ask('/api/live')).status).toBe(401)
    const { page } = await scene.open(operator)
    await ending.mint()
    await page.goto(`http://127.0.0.1:${ending.adminPort}/`)
    const rows = page.locator('#records tr.issued button')
    await expect.poll(() => rows.count(), patiently).toBe(1)
    await ending.mint()
    await ending.adminApp?.close()
    await ending.audit.close()
    await page.getByText('Reconnecting…').waitFor()
    await page.getByText(/^The service does not answer\. The page shows what was known at/).waitFor()
    expect(await page.locator('main.stale').count()).toBe(1)
    expect(await page.title()).toBe('No answer · realtime-mint')
    const started = await startAdminService(environment, { adminPort: ending.adminPort })
    await started.mint()
    await expect.poll(() => rows.count(), patiently).toBe(3)
    const keysOfRows = await rows.evaluateAll((buttons) => buttons.map((one) => one.getAttribute('data-key')))
    expect(new Set(keysOfRows).size).toBe(3)
    expect(await page.locator('#live').textContent()).toBe('Live')
    expect(await page.locator('#notice').textContent()).toBe('')
  }, 60_000)

  it('promises a next try only while Live is on', async () => {
    const { page } = await openPage('?range=24h&preset=voice-assistant')
    const notice = page.locator('#notice')
    await page.route('**/api/**', (route) => route.abort())
    await page.locator('#live').click()
    await page.getByRole('button', { name: 'Remove the filter Preset voice-assistant' }).click()
    await expect
      .poll(() => notice.textContent(), patiently)
      .toMatch(/^The service does not answer\. .* Turn on Live, or reload the page, to try again\.$/)
    await page.locator('#live').click()
    await expect.poll(() => notice.textContent(), patiently).toMatch(/ The next try is in 3 seconds\.$/)
  })

  it('says that it is to be reloaded after an upgrade of the service', async () => {
    const { page } = await openPage()
    const facts = page.locator('#facts')
    expect(await facts.textContent()).not.toContain('reload')
    // Its states have the version of now.
    await page.route('**/api/live', (route) => route.abort())
    await page.route('**/api/state', async (route) => {
      const state: unknown = await (await route.fetch()).json()
      await route.fulfill({ json: Object.assign({}, state, { version: '99.0.0' }) })
    })
    await page.locator('#live').click()
    await page.locator('#live').click()
    await facts.getByText(/· version 99\.0\.0 · This page is of version \d+\.\d+\.\d+: reload it$/).waitFor()
  })

  it('says that the service is not minting, and what to do', async () => {
    const refused = await startAdminService()
    refused.sandbox.behave({ kind: 'status', status: 401 })
    await refused.mint()
    const { page } = await scene.open()
    await page.goto(`http://127.0.0.1:${refused.adminPort}/`)
    await waitForAnswer(page)
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Not minting')
    expect(await page.locator('#problems').textContent()).toBe(
      'OpenAIOpenAI answered 401. Replace the API key.',
    )
  })
})
