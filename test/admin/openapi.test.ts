// The OpenAPI documents, compared with what both listeners serve and refuse.
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { adminErrors } from '../../src/admin/admin-error.ts'
import { ServiceError } from '../../src/errors.ts'
import { isReason, reasons } from '../../src/reasons.ts'
import { bearer, shareAdminService } from './admin-service.ts'

const service = shareAdminService()

const response = z.looseObject({
  description: z.string(),
  content: z.record(z.string(), z.object({ schema: z.record(z.string(), z.unknown()) })).optional(),
})
const operation = z.looseObject({
  responses: z.record(z.string(), z.union([response, z.object({ $ref: z.string() })])),
})
const document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operation)),
})

async function readDocument(path: string): Promise<z.infer<typeof document>> {
  const reply = await service().ask(path)
  expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8')
  return document.parse(await reply.json())
}

const toOperations = ({ paths }: z.infer<typeof document>): string[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )

/** `GET /path` for each route, but for the files of the page and what only mirrors another method. */
function listRoutes(app: FastifyInstance | undefined, skip: RegExp): string[] {
  const lines = (app?.printRoutes({ commonPrefix: false }) ?? '').split('\n')
  const open: string[] = []
  return lines.flatMap((line) => {
    const [, indent = '', segment = '', methods] = /^([│ ]*)[├└]── (\S+)(?: \((.+)\))?$/.exec(line) ?? []
    if (segment === '') return []
    open.splice(indent.length / 4)
    open.push(segment)
    const path = open.join('')
    return (methods?.split(', ') ?? []).map((method) => `${method} ${path}`).filter((one) => !skip.test(one))
  })
}

const sorted = (texts: readonly string[]): string[] => texts.toSorted((one, other) => (one < other ? -1 : 1))

describe.each([
  ['/openapi.json', /^HEAD | \/page\//],
  ['/openapi-public.json', /^OPTIONS /],
])('%s', (path, skip) => {
  it('is an OpenAPI document', async () => {
    const { valid, errors } = await new Validator().validate(await readDocument(path))
    expect({ valid, errors }).toStrictEqual({ valid: true, errors: undefined })
  })

  it('has the routes of its listener, and no others', async () => {
    const { app, adminApp } = service()
    const routes = listRoutes(path === '/openapi.json' ? adminApp : app, skip)
    expect(sorted(toOperations(await readDocument(path)))).toStrictEqual(sorted(routes))
  })
})

/** `status code` of each failure that an operation lists. */
const toFailures = ({ responses }: z.infer<typeof operation>): string[] =>
  Object.entries(responses).flatMap(([status, reply]) => {
    const text = 'description' in reply ? reply.description : ''
    return [...text.matchAll(/^- `(\w+)`: /gm)].map(([, code]) => `${status} ${code}`)
  })

const unique = (texts: readonly string[]): string[] => sorted([...new Set(texts)])

it('the public document has each status and code of the closed list, for both minting routes', async () => {
  const { paths } = await readDocument('/openapi-public.json')
  const expected = Object.keys(reasons)
    .filter(isReason)
    .map((reason) => new ServiceError(reason))
    .map(({ status, code }) => `${status} ${code}`)
  const minting = Object.values(paths).flatMap(({ post }) => (post === undefined ? [] : [toFailures(post)]))
  expect(minting.map(unique)).toStrictEqual([unique(expected), unique(expected)])
})

const routeless = ['route', 'method'] as const

it('the admin document has each status and code that the listener refuses with', async () => {
  const { paths } = await readDocument('/openapi.json')
  const listed = Object.values(paths).flatMap((item) => Object.values(item).flatMap(toFailures))
  const expected = Object.entries(adminErrors)
    .filter(([name]) => !routeless.some((one) => one === name))
    .map(([, { status, code }]) => `${status} ${code}`)
  expect(unique(listed)).toStrictEqual(unique(expected))
})

it.each(['/api/state', '/api/summary', '/api/attempts', '/api/pauses'])(
  'describes what %s answers',
  async (path) => {
    const { paths } = await readDocument('/openapi.json')
    await service().mint()
    const { 200: ok } = paths[path]?.['get']?.responses ?? {}
    const schema = response.parse(ok).content?.['application/json']?.schema
    const validate = new Ajv2020({ strict: false }).compile(schema ?? false)
    validate(await (await service().ask(path, { headers: bearer })).json())
    expect(validate.errors).toBeNull()
  },
)
