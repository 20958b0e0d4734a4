import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { createEnvironment, startProcess } from '../support/process.ts'
import { API_KEY, PRESETS, parseRecords, writePresets } from '../support/service.ts'
import { command, NO_UPSTREAM } from './processes.ts'

async function start(environment: Readonly<Record<string, string>> = {}) {
  const presets = await writePresets()
  const key = join(dirname(presets), 'key')
  await writeFile(key, API_KEY)
  const service = startProcess(command(), {
    ...(await createEnvironment(NO_UPSTREAM)),
    PRESETS_FILE: presets,
    OPENAI_API_KEY: '',
    OPENAI_API_KEY_FILE: key,
    ...environment,
  })
  await service.seen(/"msg":"listening"/)
  return { ...service, presets, key }
}

it('the first log line says how the service is configured and where it really listens', async () => {
  const { stdout } = await start({ HOST: '0.0.0.0', TRUST_PROXY: '10.0.0.0/8' })
  expect(parseRecords(stdout())[0]).toEqual({
    level: 'info',
    time: expect.any(String),
    url: expect.stringMatching(/^http:\/\/0\.0\.0\.0:\d+$/),
    admin_url: null,
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    node: process.versions.node,
    auth_mode: 'none',
    upstream: '127.0.0.1:9',
    limits: { per_address: '60/minute', per_caller: '10/minute,200/day', total: '600/minute' },
    store: 'memory',
    presets: 1,
    revision: expect.stringMatching(/^[0-9a-f]{16}$/),
    audit_directory: expect.stringContaining('realtime-mint-test-'),
    audit_storage: 'disk',
    audit_copied_to_log: false,
    trusted_proxies: ['10.0.0.0/8'],
    msg: 'listening',
  })
})

it('SIGHUP logs for presets and API key whether they changed', async () => {
  const { child, seen, presets, key } = await start()
  const reloads = async (presetsAre: string, keyIs: string): Promise<RegExpExecArray> => {
    child.kill('SIGHUP')
    return seen(new RegExp(`"presets":"${presetsAre}","api_key":"${keyIs}","msg":"reload done"`))
  }
  expect(await reloads('unchanged', 'unchanged')).toHaveLength(1)
  await writeFile(key, `${API_KEY}-new`)
  expect(await reloads('unchanged', 'changed')).toHaveLength(1)
  await writeFile(presets, PRESETS.replace('marin', 'cedar'))
  await writeFile(key, '')
  expect(await reloads('changed', 'refused')).toHaveLength(1)
})
