/** A real Chromium, shared by the tests of a file. It is the one that the system has: nothing is downloaded. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, onTestFinished } from 'vitest'
import { findProgram, ifMissing, isMissing } from '../support/programs.ts'
import type { Defer } from '../support/service.ts'

export interface OpenedPage {
  readonly page: Page
  /** Errors in the console and violations of the policy so far. A failed request of the page is not an error here. */
  readonly errors: readonly string[]
}

export interface Scene {
  /** Opens an empty page in a context of its own, which closes after the test. */
  readonly open: (options?: BrowserContextOptions) => Promise<OpenedPage>
}

const browserArguments = [
  // CI runs as root, for whom Chromium has no sandbox.
  '--no-sandbox',
  // A microphone that beeps, and no question whether the page may use it.
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  // The names that hide local addresses need multicast, which CI may not have.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]

/** The browser logs these for replies that the page asked for. */
const isFailedRequest = (text: string): boolean =>
  /^Failed to load resource: |has been blocked by CORS policy/.test(text)

async function openPage(browser: Browser, options: BrowserContextOptions): Promise<OpenedPage> {
  const context = await browser.newContext(options)
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', ({ message }) => errors.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error' && !isFailedRequest(message.text())) errors.push(message.text())
  })
  return { page, errors }
}

/** A group of tests in Chromium. `prepare` runs once, and what it defers runs after the group. */
export function describeInChromium<Prepared>(
  title: string,
  prepare: (defer: Defer) => Promise<Prepared>,
  tests: (scene: Scene, prepared: () => Prepared) => void,
): void {
  describe.skipIf(isMissing('chromium'))(`${title}${ifMissing('chromium')}`, () => {
    const ends: (() => Promise<void>)[] = []
    const ready: { browser: Browser; prepared: Prepared }[] = []
    const use = () => {
      const [first] = ready
      if (first === undefined) throw new Error('the browser is not running')
      return first
    }

    beforeAll(async () => {
      const executablePath = findProgram('chromium')
      if (executablePath === undefined) throw new Error('chromium is not installed')
      const prepared = await prepare((end) => ends.unshift(end))
      const browser = await chromium.launch({ executablePath, args: browserArguments })
      ends.unshift(() => browser.close())
      ready.push({ browser, prepared })
    }, 60_000)

    afterAll(async () => {
      for (const end of ends) await end()
    })

    tests({ open: (options = {}) => openPage(use().browser, options) }, () => use().prepared)
  })
}
