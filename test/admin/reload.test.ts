// POST /api/reload does what SIGHUP does.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { reloadReply } from '../../src/admin/api-schemas.ts'
import type { Environment } from '../../src/config.ts'
import { API_KEY, createTemporaryDirectory, PRESETS, parseRecords } from '../support/service.ts'
import { ADMIN_TOKEN, bearer, startAdminService } from './admin-service.ts'

async function createFiles(environment: Environment = {}) {
  const directory = await createTemporaryDirectory()
  const presets = join(directory, 'presets.yaml')
  const key = join(directory, 'key')
  await writeFile(presets, PRESETS)
  await writeFile(key, API_KEY)
  const service = await startAdminService({
    PRESETS_FILE: presets,
    OPENAI_API_KEY: '',
    OPENAI_API_KEY_FILE: key,
    ...environment,
  })
  async function reload(): Promise<unknown> {
    const reply = await service.ask('/api/reload', {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(200)
    return reloadReply.parse(await reply.json())
  }
  return { ...service, presets, key, reload }
}

it('says for presets and key whether they changed', async () => {
  const { presets, key, reload } = await createFiles()
  expect(await reload()).toStrictEqual({ presets: 'unchanged', api_key: 'unchanged' })
  await writeFile(presets, PRESETS.replace('marin', 'cedar'))
  expect(await reload()).toStrictEqual({ presets: 'changed', api_key: 'unchanged' })
  await writeFile(presets, 'presets: {')
  await writeFile(key, '')
  expect(await reload()).toStrictEqual({ presets: 'refused', api_key: 'refused' })
})

it('says that a key in the environment is in no file', async () => {
  const { reload } = await createFiles({ OPENAI_API_KEY: API_KEY, OPENAI_API_KEY_FILE: '' })
  expect(await reload()).toMatchObject({ api_key: 'not a file' })
})

it('is logged, and reads nothing without the token or by another method', async () => {
  const { ask, reload, logText } = await createFiles()
  const headers = { 'content-type': 'application/json' }
  const wrong = await ask('/api/reload', { method: 'POST', headers })
  const get = await ask('/api/reload', { headers: bearer })
  expect([wrong.status, get.status, get.headers.get('allow')]).toStrictEqual([401, 405, 'POST'])
  expect(logText()).not.toContain('reload done')
  await reload()
  const lines = parseRecords(logText())
  expect(lines.filter(({ msg }) => msg === 'reload done')).toHaveLength(1)
  expect(lines.find(({ msg }) => msg === 'admin request')).toMatchObject({
    method: 'POST',
    route: '/api/reload',
    http_status: 200,
  })
  expect(logText()).not.toContain(ADMIN_TOKEN)
})
