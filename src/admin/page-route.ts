/** The operations page at `/`, and its files. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { ROOT } from '../root.ts'

const folder = new URL('src/admin/page/', ROOT)

const files = [
  'api.js',
  'chart.js',
  'controls.js',
  'copy.js',
  'details.js',
  'dom.js',
  'format.js',
  'health.js',
  'icon.svg',
  'live.js',
  'main.js',
  'marks.js',
  'notice.js',
  'page.css',
  'panels.js',
  'pause-form.js',
  'pauses.css',
  'pauses.js',
  'table.js',
  'theme.css',
  'view.js',
] as const

const mediaTypes: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
])

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** uPlot has no build step of ours: its own files are served. */
function toPackageUrl(file: string): URL {
  return pathToFileURL(createRequire(import.meta.url).resolve(`uplot/dist/${file}`))
}

function serveFile(app: FastifyInstance, path: string, url: URL): void {
  const type = mediaTypes.get(extname(url.pathname)) ?? 'application/octet-stream'
  app.get(path, async (_request, reply) =>
    reply
      .header('content-security-policy', contentSecurityPolicy)
      .type(type)
      .send(await readFile(url)),
  )
}

/** All URLs of the page are relative, so it works below any path of a proxy. */
export function pageRoute(app: FastifyInstance): void {
  serveFile(app, '/', new URL('index.html', folder))
  for (const name of files) serveFile(app, `/page/${name}`, new URL(name, folder))
  serveFile(app, '/page/uplot.js', toPackageUrl('uPlot.esm.js'))
  serveFile(app, '/page/uplot.css', toPackageUrl('uPlot.min.css'))
}
