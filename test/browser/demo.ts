/** The demo in this process: the service, its sandbox and its page. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { startDemo } from '../../sandbox/demo-settings.ts'
import { type Environment, parseConfig } from '../../src/config.ts'
import { createLogger } from '../../src/logger.ts'
import { startService } from '../../src/service.ts'
import { createTemporaryDirectory, type Defer, ROOT } from '../support/service.ts'

export async function startDemoService(defer: Defer, settings: Environment = {}): Promise<string> {
  const given = {
    ...settings,
    PORT: '0',
    AUDIT_DIR: await createTemporaryDirectory(defer),
    PRESETS_FILE: join(ROOT, 'presets.yaml'),
  }
  const { environment, adjust, extend, close } = await startDemo(given)
  defer(close)
  // Less than the page's own eight seconds, so that the test is shorter.
  const config = adjust(parseConfig({ ...environment, UPSTREAM_TIMEOUT_MS: '3500' }))
  const service = await startService(config, createLogger('fatal', { write: () => undefined }), { extend })
  defer(service.drain)
  return service.url
}

export const waitForEnd = (page: Page): Promise<void> => page.locator('#submit:enabled').waitFor()
