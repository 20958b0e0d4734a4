/** api.openai.com for the pages of tests: the sandbox answers, so that examples and SDKs stay as they are. */
import { once } from 'node:events'
import type { Page, WebSocketRoute } from 'playwright-core'
import type { Sandbox } from '../../sandbox/sandbox.ts'

const OPENAI = 'https://api.openai.com/v1'
const OPENAI_SOCKETS = OPENAI.replace('https', 'wss')

function pipe(page: WebSocketRoute, upstream: WebSocket): void {
  const opened = once(upstream, 'open')
  page.onMessage((message) => void opened.then(() => upstream.send(message)))
  page.onClose(() => upstream.close())
  upstream.addEventListener('message', ({ data }) => page.send(data))
  upstream.addEventListener('close', ({ code, reason }) => void page.close({ code, reason }))
}

export async function routeToSandbox(page: Page, { baseUrl }: Sandbox): Promise<void> {
  await page.route(`${OPENAI}/**`, async (route) => {
    const url = route.request().url().replace(OPENAI, baseUrl)
    await route.fulfill({ response: await route.fetch({ url }) })
  })
  await page.routeWebSocket(
    (url) => url.href.startsWith(OPENAI_SOCKETS),
    (socket) => {
      const url = socket.url().replace(OPENAI_SOCKETS, baseUrl.replace('http', 'ws'))
      pipe(socket, new WebSocket(url, socket.protocols()))
    },
  )
}
