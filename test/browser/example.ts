/** Runs an example of docs/browser.md as a page of another origin. Its connections to OpenAI go to the sandbox. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { ROOT, startTestService, type TestService } from '../support/service.ts'
import type { OpenedPage, Scene } from './chromium.ts'
import { routeToSandbox } from './openai-route.ts'
import type { PageServer } from './page-server.ts'
import { bundle, findPolicy, SERVICE } from './snippets.ts'

export interface ExampleOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** Runs before the page loads. */
  readonly prepare?: (page: Page, sandbox: Sandbox) => Promise<unknown>
  /** Changes presets.yaml. */
  readonly adaptPresets?: (presets: string) => string
  /** Changes the policy of the docs. */
  readonly adaptPolicy?: (policy: string) => string
}

export interface Example extends OpenedPage {
  readonly service: TestService & { readonly url: string }
  /** What the example passes to `finish`. */
  readonly result: Promise<unknown>
}

/** Shows a component as development builds do, with all its mounts twice. */
export const render = (what: string): string => `
  import * as ReactAll from 'react'
  import { createRoot } from 'react-dom/client'
  createRoot(document.querySelector('#root')).render(<ReactAll.StrictMode>${what}</ReactAll.StrictMode>)`

/** Opens a page that runs `code` under the policy of the docs. */
export async function runExample(
  { scene, pages }: { readonly scene: Scene; readonly pages: PageServer },
  code: string,
  { environment, prepare, adaptPresets = String, adaptPolicy = String }: ExampleOptions = {},
): Promise<Example> {
  const service = await startTestService({
    presets: adaptPresets(await readFile(join(ROOT, 'presets.yaml'), 'utf8')),
    environment: { ALLOWED_ORIGINS: pages.listed, ...environment },
  })
  const url = await service.app.listen({ host: '127.0.0.1', port: 0 })
  const { page, errors } = await scene.open()
  const { promise: result, resolve } = Promise.withResolvers<unknown>()
  await page.exposeFunction('finish', resolve)
  await routeToSandbox(page, service.sandbox)
  await prepare?.(page, service.sandbox)
  const script = await bundle(code.replaceAll(SERVICE, url))
  pages.publish(script, adaptPolicy(findPolicy().replaceAll(SERVICE, url)))
  await page.goto(`${pages.listed}/example`)
  return { page, errors, service: { ...service, url }, result }
}
