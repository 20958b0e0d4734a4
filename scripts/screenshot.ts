/** Takes the pictures of the operations page for the README: the day of the demo, light and dark. Needs Chromium. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { addDemoDay } from '../sandbox/demo-audit.ts'
import { startDemo } from '../sandbox/demo-settings.ts'
import { parseConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/service.ts'

const docs = new URL('../docs/', import.meta.url).pathname
const directory = await mkdtemp(join(tmpdir(), 'realtime-mint-picture-'))
const demo = await startDemo({ PORT: '0', AUDIT_DIR: directory })
await addDemoDay(demo.auditDirectory, Date.now())
const logger = createLogger('fatal', { write: () => undefined })
const service = await startService(demo.adjust(parseConfig(demo.environment)), logger, {
  extend: demo.extend,
})
const browser = await chromium.launch({
  executablePath: process.argv[2] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 800 } })
    await page.goto(`${service.adminUrl}/?range=6h&zone=utc`)
    await page.locator('main.ready').waitFor()
    await page.getByText('Intact').waitFor()
    await page.screenshot({ path: join(docs, `operations-${colorScheme}.png`) })
  }
} finally {
  await browser.close()
  await service.drain()
  await demo.close()
  await rm(directory, { recursive: true })
}
