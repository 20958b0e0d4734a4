// /api/pauses: an operator pauses and resumes with the token, and everyone who may read sees it.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { pausesReply, stateReply, storedReply, summaryReply } from '../../src/admin/api-schemas.ts'
import { refusalOf } from '../support/replies.ts'
import { ORIGIN, parseRecords } from '../support/service.ts'
import { SUBJECT, secretEnvironment, toBearer, toToken } from '../support/tokens.ts'
import { type AdminService, bearer, shareAdminService, startAdminService } from './admin-service.ts'

const json = { ...bearer, 'content-type': 'application/json' } as const

const post = (
  { ask }: AdminService,
  body: unknown,
  headers: Record<string, string> = json,
): Promise<Response> => ask('/api/pauses', { method: 'POST', headers, body: JSON.stringify(body) })

const remove = (
  { ask }: AdminService,
  query: string,
  headers: Record<string, string> = json,
): Promise<Response> => ask(`/api/pauses?${query}`, { method: 'DELETE', headers })

const list = async ({ ask }: AdminService) =>
  pausesReply.parse(await (await ask('/api/pauses')).json()).pauses

const stateOf = async ({ ask }: AdminService) => stateReply.parse(await (await ask('/api/state')).json())

async function errorOf(reply: Response): Promise<readonly unknown[]> {
  const { error } = JSON.parse(await reply.text())
  return [reply.status, error.code, error.param]
}

const paused = [503, 'paused', null]

describe('POST and DELETE /api/pauses', () => {
  it.each([
    ['all', { all: true }, 'all=true', { scope: 'all', value: null }, 'no'],
    [
      'a preset',
      { preset: 'assistant' },
      'preset=assistant',
      { scope: 'preset', value: 'assistant' },
      'partly',
    ],
    ['an origin', { origin: ORIGIN }, `origin=${ORIGIN}`, { scope: 'origin', value: ORIGIN }, 'partly'],
  ])('pause and resume %s', async (_what, scope, query, expected, minting) => {
    const service = await startAdminService()
    const reply = await post(service, { ...scope, for: '1h', note: 'see the ticket' })
    expect([reply.status, storedReply.parse(await reply.json())]).toEqual([
      200,
      { survives_restart: true, reaches_replicas: null },
    ])
    expect(refusalOf(await service.mint())).toEqual(paused)
    const [pause] = await list(service)
    expect(pause).toMatchObject({ ...expected, by: 'ADMIN_TOKEN', note: 'see the ticket' })
    expect((pause?.until ?? 0) - (pause?.since ?? 0)).toBe(3_600_000)
    expect(await stateOf(service)).toMatchObject({ pauses: [expected], minting: { state: minting } })
    expect((await remove(service, query)).status).toBe(200)
    expect((await service.mint()).statusCode).toBe(200)
    expect(await stateOf(service)).toMatchObject({ pauses: [], minting: { state: 'yes', causes: [] } })
  })

  it.each(['d41d8cd98f00b204e9800998ecf8427e', '203.0.113.9'])(
    'pause a caller by a name that looks like a pseudonym or an address: %s',
    async (subject) => {
      const service = await startAdminService(secretEnvironment)
      const mint = () => service.mint({ preset: 'assistant' }, toBearer(toToken({ sub: subject })))
      expect((await post(service, { caller: subject })).status).toBe(200)
      expect(refusalOf(await mint())).toEqual(paused)
    },
  )

  it.each([
    ['name', (subject: string) => subject],
    ['pseudonym', (_subject: string, pseudonym: string) => pseudonym],
  ])('pause a caller by %s, and no other caller', async (_what, toGiven) => {
    const service = await startAdminService(secretEnvironment)
    const mint = (claims = {}) => service.mint({ preset: 'assistant' }, toBearer(toToken(claims)))
    await mint()
    const pseudonym = String((await service.attempts())[0]?.['caller'])
    expect((await post(service, { caller: toGiven(SUBJECT, pseudonym) })).status).toBe(200)
    expect(refusalOf(await mint())).toEqual(paused)
    expect((await mint({ sub: 'someone else' })).statusCode).toBe(200)
    expect(await list(service)).toMatchObject([
      { scope: 'caller', value: pseudonym, until: null, note: null },
    ])
    expect((await stateOf(service)).minting.state).toBe('yes')
    expect((await remove(service, `caller=${encodeURIComponent(SUBJECT)}`)).status).toBe(200)
    expect((await mint()).statusCode).toBe(200)
    expect(`${service.logText()}${await service.auditText()}`).not.toContain(SUBJECT)
  })

  it('pause the anonymous callers of an address, as IP address or as the pseudonym of records', async () => {
    const service = await startAdminService()
    expect((await post(service, { caller: '127.0.0.1' })).status).toBe(200)
    expect(refusalOf(await service.mint())).toEqual(paused)
    const { address } = (await service.records()).at(-1) ?? {}
    expect(await list(service)).toMatchObject([{ value: address }])
  })

  it('add a mark to the chart, with what was paused', async () => {
    const service = await startAdminService()
    await post(service, { preset: 'assistant' })
    await remove(service, 'preset=assistant')
    await post(service, { all: true })
    const { changes } = summaryReply.parse(await (await service.ask('/api/summary')).json())
    expect(changes.filter(({ change }) => /paused|resumed/.test(change))).toMatchObject([
      { change: 'paused', detail: 'assistant' },
      { change: 'resumed', detail: 'assistant' },
      { change: 'paused', detail: 'all' },
    ])
  })

  it('say that a pause does not survive a restart if AUDIT_DIR cannot be written', async () => {
    const service = await startAdminService()
    await writeFile(join(service.auditDirectory, 'pauses'), '')
    const reply = await post(service, { all: true })
    expect([reply.status, await reply.json()]).toEqual([
      200,
      { survives_restart: false, reaches_replicas: null },
    ])
    expect(refusalOf(await service.mint())).toEqual(paused)
    const line = parseRecords(service.logText()).find(({ msg }) => String(msg).startsWith('pauses cannot be'))
    expect(line).toMatchObject({ level: 'error', cause: 'ENOTDIR' })
    await rm(join(service.auditDirectory, 'pauses'))
  })

  it('say that replicas do not know of it while Redis is unavailable', async () => {
    const service = await startAdminService({ REDIS_URL: 'redis://127.0.0.1:1' })
    const reply = await post(service, { all: true })
    expect(await reply.json()).toEqual({ survives_restart: true, reaches_replicas: false })
  })
})

describe('a wrong request', () => {
  const service = shareAdminService()

  it.each<[what: string, body: unknown, error: readonly unknown[]]>([
    ['no scope', {}, [400, 'invalid_request', null]],
    ['an empty body', undefined, [400, 'invalid_request', null]],
    ['two scopes', { all: true, preset: 'assistant' }, [400, 'invalid_request', null]],
    ['all: false', { all: false }, [400, 'invalid_request', 'all']],
    ['an unknown field', { all: true, until: 1 }, [400, 'invalid_request', null]],
    ['an unknown preset', { preset: 'asistant' }, [400, 'invalid_request', 'preset']],
    ['an unlisted origin', { origin: 'https://other.example' }, [400, 'invalid_request', 'origin']],
    ['a shortened pseudonym', { caller: '0123abcd' }, [400, 'invalid_request', 'caller']],
    ['an empty caller', { caller: '' }, [400, 'invalid_request', 'caller']],
    ['a duration without a unit', { all: true, for: '60' }, [400, 'invalid_request', 'for']],
    ['no duration at all', { all: true, for: '0m' }, [400, 'invalid_request', 'for']],
    ['more than a year', { all: true, for: '53w' }, [400, 'invalid_request', 'for']],
    ['a note of two lines', { all: true, note: 'a\nb' }, [400, 'invalid_request', 'note']],
  ])('with %s pauses nothing', async (_what, body, error) => {
    expect(await errorOf(await post(service(), body))).toEqual(error)
    expect(await list(service())).toEqual([])
  })

  it.each([
    [{ for: '2 hours' }, 'Write it like 15m, 1h or 7d, up to a year.'],
    [{ note: 'a\nb' }, 'Write one line of up to 200 printable characters.'],
  ])('says how to write it: %j', async (field, help) => {
    const reply = await post(service(), { all: true, ...field })
    expect(await reply.text()).toContain(`The field in param has an invalid value. ${help}`)
  })

  it.each([
    ['of no pause', 'all=true', [404, 'not_paused', null]],
    ['without a scope', '', [400, 'invalid_request', null]],
    ['of two scopes', 'all=true&preset=assistant', [400, 'invalid_request', null]],
    ['of all but false', 'all=false', [400, 'invalid_request', 'all']],
    ['with an unknown parameter', 'id=1', [400, 'invalid_request', null]],
  ])('to resume %s is refused', async (_what, query, error) => {
    expect(await errorOf(await remove(service(), query))).toEqual(error)
  })
})
