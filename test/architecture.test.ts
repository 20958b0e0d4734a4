// The rules of the house, as far as the text of the source can tell.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './support/service.ts'
import { closureOf, functionsOf, packagesBehind, type Source, sources, toRoom } from './support/sources.ts'

/** Paths of the files for which this holds. */
const where = (is: (source: Source) => boolean): string[] =>
  sources
    .filter(is)
    .map(({ path }) => path)
    .toSorted((a, b) => a.localeCompare(b))

const whereCode = (pattern: RegExp): string[] => where(({ code }) => pattern.test(code))

const importersOf = (room: string): string[] => {
  const rooms = sources
    .filter((source) => source.room !== room && source.imports.some((path) => toRoom(path) === room))
    .map((source) => source.room)
  return [...new Set(rooms)].toSorted((a, b) => a.localeCompare(b))
}

const importsOf = (is: (source: Source) => boolean): string[] => {
  const own = new Set(where(is))
  const rooms = sources.filter(is).flatMap(({ imports }) => imports.filter((path) => !own.has(path)))
  return [...new Set(rooms.map((path) => toRoom(path)))].toSorted((a, b) => a.localeCompare(b))
}

it('the source is read: its files, their imports, and their code without comments and strings', () => {
  const paths = where(() => true)
  expect(paths.length).toBeGreaterThan(60)
  expect(paths).toStrictEqual(expect.arrayContaining(['main.ts', 'audit/writer.ts', 'realtime-mint.js']))
  const source = sources.find(({ path }) => path === 'audit/hooks.ts')
  expect(source).toMatchObject({
    room: 'audit',
    imports: expect.arrayContaining(['errors.ts', 'audit/audit.ts']),
    packages: ['fastify'],
  })
  expect(source?.code).not.toMatch(/CONTRACT|fastify/)
})

describe('who may import whom', () => {
  it.each([
    ['main', []],
    ['service', ['cli']],
    ['runtime', ['service']],
    ['app', ['runtime']],
    ['routes', ['app']],
    ['admin', ['runtime']],
    ['issuer', ['app', 'routes', 'runtime']],
    ['client', []],
    ['cli', ['main']],
    ['audit-reader', ['admin', 'cli']],
  ])('%s is imported by %j alone', (room, importers) => {
    expect(importersOf(room).filter((importer) => !importers.includes(importer))).toStrictEqual([])
  })

  it.each([
    ['reasons', []],
    ['hmac', []],
    ['memoize', []],
    ['secret', ['hmac']],
    ['client', []],
    ['json', []],
    ['errors', ['reasons']],
    ['lifecycle', []],
    ['logger', ['errors']],
    ['outbound', ['errors', 'secret']],
    ['auth', ['attempt', 'clock-check', 'errors', 'json', 'outbound', 'reasons', 'redis', 'secret']],
    ['attempt', ['errors', 'secret']],
    ['address-ranges', []],
    ['http', ['address-ranges', 'attempt', 'errors', 'json', 'limits', 'memoize', 'reasons']],
    ['redis', ['errors', 'secret']],
    ['limits', ['attempt', 'errors', 'reasons', 'redis']],
    ['clock-check', []],
    ['openai', ['attempt', 'clock-check', 'errors', 'json', 'outbound', 'presets', 'reasons', 'secret']],
    ['presets', ['errors', 'json', 'limits', 'read-file', 'reasons', 'suggestion']],
    ['read-file', ['errors']],
    ['problems', []],
    ['pauses', ['attempt', 'audit', 'duration', 'errors', 'json', 'read-file', 'redis']],
    ['duration', []],
    ['issuer', ['attempt', 'auth', 'errors', 'limits', 'openai', 'pauses', 'presets']],
    [
      'admin',
      [
        'audit',
        'audit-reader',
        'auth',
        'clocks',
        'conditions',
        'errors',
        'hmac',
        'http',
        'json',
        'lifecycle',
        'limits',
        'metrics',
        'openai',
        'pauses',
        'presets',
        'readiness',
        'reason-meanings',
        'reasons',
        'redis',
        'root',
        'secret',
        'settings',
        'version',
        'watched-file',
        'watched-settings',
      ],
    ],
    ['conditions', []],
    ['metrics', ['attempt', 'errors', 'http']],
    ['audit-reader', ['address-ranges', 'audit', 'duration', 'errors', 'http', 'json', 'reasons', 'secret']],
  ])('%s imports nothing of ours but %j', (room, allowed) => {
    const found = importsOf((source) => source.room === room)
    expect(found.filter((name) => name !== room && !allowed.includes(name))).toStrictEqual([])
  })

  it('the verifier shares with the service no more than how lines are sealed, and with which keys', () => {
    expect([...closureOf('audit-reader/verify.ts')].toSorted((a, b) => a.localeCompare(b))).toStrictEqual([
      'audit-reader/findings.ts',
      'audit-reader/lines.ts',
      'audit-reader/listing.ts',
      'audit-reader/verify-file.ts',
      'audit-reader/verify.ts',
      'audit/format.ts',
      'audit/keys.ts',
      'errors.ts',
      'hmac.ts',
      'memoize.ts',
      'read-file.ts',
      'reasons.ts',
      'secret.ts',
    ])
  })

  it.each([
    ['load', 'request'],
    ['request', 'load'],
    ['schema', 'load'],
    ['schema', 'request'],
  ])('presets/%s imports nothing of presets/%s', (from, to) => {
    const importers = where(
      ({ path, imports }) =>
        path.startsWith(`presets/${from}/`) && imports.some((next) => next.startsWith(`presets/${to}/`)),
    )
    expect(importers).toStrictEqual([])
  })

  it('there are no cycles', () => {
    const inCycles = sources.filter(({ path, imports }) => imports.some((next) => closureOf(next).has(path)))
    expect(inCycles.map(({ path }) => path)).toStrictEqual([])
  })

  it('rooms depend on each other one way', () => {
    const edges = sources.flatMap(({ room, imports }) => imports.map((path) => [room, toRoom(path)]))
    const both = edges.filter(
      ([from, to]) => from !== to && edges.some(([one, other]) => one === to && other === from),
    )
    expect(new Set(both.map((pair) => pair.join(' → ')))).toStrictEqual(new Set())
  })

  const core = where(
    ({ room, path }) =>
      [
        'attempt',
        'issuer',
        'presets',
        'openai',
        'outbound',
        'auth',
        'errors',
        'reasons',
        'secret',
        'lifecycle',
        'redis',
      ].includes(room) ||
      ['limits', 'pauses'].includes(room) ||
      ['audit/record.ts', 'audit/keys.ts', 'audit/writer.ts', 'audit/audit.ts'].includes(path),
  )

  it.each(core)('%s knows no framework, nor does what it imports', (path) => {
    expect(packagesBehind(path).filter((name) => /fastify/.test(name))).toStrictEqual([])
  })
})

describe('what only some may do', () => {
  it.each<[what: string, found: readonly string[], allowed: readonly (string | RegExp)[]]>([
    [
      'know the framework',
      where(({ packages }) => packages.some((name) => /fastify/.test(name))),
      ['app.ts', /^(?:admin|http|metrics|routes)\//, 'audit/hooks.ts', 'runtime.ts', 'service.ts'],
    ],
    [
      'add properties to requests',
      whereCode(/\b(?:[gs]etDecorator|decorate(?:Request|Reply)?)\b/),
      ['http/attempt-of.ts'],
    ],
    ['read the environment', whereCode(/\bprocess\.(env|loadEnvFile)\b/), ['config.ts']],
    [
      'end the process, or listen to signals',
      whereCode(/\bprocess\.(exit|exitCode|abort|kill|on|once|off)\b/),
      ['main.ts', 'cli/serve.ts', 'cli/exit.ts', 'realtime-mint.js'],
    ],
    [
      'write to stdout or stderr',
      whereCode(/\bprocess\.std(out|err)\b/),
      ['main.ts', 'logger.ts', 'cli/exit.ts', 'realtime-mint.js'],
    ],
    [
      'reveal a secret',
      whereCode(/\.reveal\(\)/),
      [
        /^(?:openai|outbound)\//,
        'routes/minting.ts',
        'admin/token-check.ts',
        'audit/keys.ts',
        'auth/caller.ts',
        'redis/connection.ts',
      ],
    ],
    [
      'call upstream, or the issuer’s key set',
      where(({ packages }) => packages.some((name) => /^undici\b/.test(name))),
      [/^(?:openai|outbound)\//, 'auth/key-set.ts'],
    ],
    ['fetch', whereCode(/\bfetch\(/), ['client/client.js', 'admin/page/api.js']],
    [
      'know Prometheus',
      where(({ packages }) => packages.some((name) => name.startsWith('@prometheus-io/'))),
      ['metrics/metrics.ts', 'admin/gauges.ts'],
    ],
    ['know Redis', where(({ packages }) => packages.includes('ioredis')), ['redis/connection.ts']],
    [
      'open connections',
      where(({ packages }) => packages.some((name) => /^node:(http|https|tls)$/.test(name))),
      [/^(?:admin|http)\//],
    ],
    [
      'import what is not known before',
      where(({ text }) => /\bimport\([^')]/.test(text)),
      ['realtime-mint.js'],
    ],
    ['await while it is imported', whereCode(/^await /m), ['main.ts', 'realtime-mint.js']],
    [
      'read or write files',
      where(({ packages }) => packages.some((name) => name.startsWith('node:fs'))),
      [
        /^audit(?:-reader)?\//,
        'pauses/pause-files.ts',
        'read-file.ts',
        'realtime-mint.js',
        'routes/client-script.ts',
        'admin/page-route.ts',
        'descriptors.ts',
        'version.ts',
        'watched-file.ts',
        'logger.ts',
        'cli/preflight.ts',
      ],
    ],
  ])('%s', (_what, found, allowed) => {
    const isAllowed = (path: string): boolean =>
      allowed.some((one) => (typeof one === 'string' ? one === path : one.test(path)))
    expect(found.filter((path) => !isAllowed(path))).toStrictEqual([])
    expect(found).not.toStrictEqual([])
  })

  it('packages are those of the service, not those of its tests', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const imported = sources.flatMap(({ packages }) => packages.filter((name) => !name.startsWith('node:')))
    // A package may be imported in part, as `jose/errors`.
    const strange = imported.filter(
      (name) => !Object.hasOwn(dependencies, /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? ''),
    )
    expect(strange).toStrictEqual([])
  })
})

describe('nowhere', () => {
  it.each([
    ['any', /(?:[:<|&(,]\s*any\b|\bany\[\])/, 'const a: any = 1'],
    ['a cast, but for as const', /\bas (?!const\b)/, 'const a = b as unknown'],
    ['a non-null assertion', /[\w)\]]!(?:[.[;,)\]]|$)/m, 'a(b!)'],
    ['an enum or a namespace', /^\s*(?:export )?(?:const )?(?:enum|namespace) /m, 'export enum A {'],
    [
      'a parameter property',
      /constructor\([^)]*\b(?:private|public|readonly) \w+\??:/,
      'constructor(readonly a: A',
    ],
    ['a default export', /\bexport default\b/, 'export default a'],
    ['a variable of the module', /^(?:export )?let /m, 'let count = 0'],
    ['the console', /\bconsole\./, 'console.log(1)'],
    ['code from text', /\beval\(|\bnew Function\(/, 'new Function(a)'],
    ['a name that says nothing', /\b(?:function|const) (?:get|handle|process)[A-Z]/, 'function handleIt('],
    ['a manager', /\bclass \w*(?:Manager|Helper|Util)/, 'class AuditManager {'],
  ])('is %s', (_what, pattern, example) => {
    expect(example).toMatch(pattern)
    expect(whereCode(pattern)).toStrictEqual([])
  })

  it.each([
    ['a comment to the compiler', /@ts-(?:ignore|nocheck|expect-error)/, '// @ts-ignore'],
    ['an extension of a module’s types', /\bdeclare (?:module|global)\b/, "declare module 'fastify' {"],
    ['a property of a request that no import shows', /\breq(?:uest)?\.attempt\b/, 'request.attempt'],
    ['a barrel', /^export (?:\*|\{[^}]*\}) from /m, "export * from './a.ts'"],
    ['an import of ours without its extension', /from '\.[^']*(?<!\.[tj]s)'/, "import a from './a'"],
  ])('is %s', (_what, pattern, example) => {
    expect(example).toMatch(pattern)
    expect(where(({ text }) => pattern.test(text))).toStrictEqual([])
  })

  it('is a folder whose name says nothing', () => {
    const nameless = /(?:^|\/)(?:utils?|helpers?|common|shared|misc|types|services|lib)(?:\/|\.\w+$)/
    expect(where(({ path }) => nameless.test(path))).toStrictEqual([])
  })

  it('is a folder with one file', () => {
    const files = sources.filter(({ path }) => path.includes('/')).map(({ room }) => room)
    const alone = files.filter((room) => files.indexOf(room) === files.lastIndexOf(room))
    expect(alone).toStrictEqual([])
  })

  it('is a file of more than 250 lines', () => {
    expect(where(({ text }) => text.split('\n').length - 1 > 250)).toStrictEqual([])
  })

  it('is a function of more than 50 lines', () => {
    const functions = sources.flatMap(functionsOf)
    expect(functions.length).toBeGreaterThan(200)
    expect(functions.filter(({ length }) => length > 50)).toStrictEqual([])
  })
})
