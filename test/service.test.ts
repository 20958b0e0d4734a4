import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startDemo } from '../sandbox/demo-settings.ts'
import { parseConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/service.ts'
import { createTemporaryDirectory, PRESETS, parseRecords, readAudit } from './support/service.ts'
import { listen } from './support/upstream.ts'

async function createSettings() {
  const directory = await createTemporaryDirectory()
  const file = join(directory, 'presets.yaml')
  await writeFile(file, PRESETS)
  const audit = join(directory, 'audit')
  const demo = await startDemo({
    PORT: '0',
    AUDIT_DIR: audit,
    PRESETS_FILE: file,
  })
  onTestFinished(demo.close)
  const lines: string[] = []
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) })
  return { demo, logger, file, audit: join(audit, 'demo'), logText: () => lines.join('') }
}

it('mints, reloads and drains, and its records tell so', async () => {
  const { demo, logger, file, audit, logText } = await createSettings()
  const service = await startService(parseConfig(demo.environment), logger)
  const minted = await fetch(`${service.url}/v1/realtime/client_secrets?preset=assistant`, {
    method: 'POST',
    headers: { origin: 'http://localhost:5173' },
  })
  expect(minted.status).toBe(200)

  await writeFile(file, 'presets: { assistant: {} }')
  await service.reload()
  expect(logText()).toContain('presets not reloaded: the last valid ones stay in effect')
  await writeFile(file, PRESETS.replace('marin', 'cedar'))
  await service.reload()
  expect(logText()).toContain('"msg":"presets reloaded"')

  await service.drain()
  const records = parseRecords(await readAudit(audit))
  expect(records.map(({ event }) => event)).toEqual(['open', 'config', 'attempt', 'config', 'close'])
  expect(records[1]?.['revision']).not.toBe(records[3]?.['revision'])
  expect(logText()).toContain('a new audit key was created')
})

it('takes over a changed file by itself', async () => {
  const { demo, logger, file, logText } = await createSettings()
  const service = await startService(parseConfig(demo.environment), logger)
  await writeFile(file, PRESETS.replace('marin', 'cedar'))
  await vi.waitFor(() => expect(logText()).toContain('"msg":"presets reloaded"'), { timeout: 8_000 })
  await service.drain()
})

it('names the settings that keep it from starting', async () => {
  const { demo, logger } = await createSettings()
  const settings: readonly (readonly [string, string])[] = [
    ['PORT', String(await listen(createServer()))],
    ['AUDIT_DIR', 'package.json'],
    ['PRESETS_FILE', 'nowhere.yaml'],
  ]
  for (const [name, value] of settings) {
    const config = parseConfig({ ...demo.environment, [name]: value })
    await expect(startService(config, logger)).rejects.toMatchObject({ name: 'ConfigError' })
  }
})

it('takes over a key that was replaced while it started', async () => {
  const { demo, logger, logText } = await createSettings()
  const file = join(await createTemporaryDirectory(), 'key')
  await writeFile(file, 'sk-replaced-0123456789abcdef')
  const config = parseConfig({
    ...demo.environment,
    OPENAI_API_KEY: undefined,
    OPENAI_API_KEY_FILE: file,
  })
  await writeFile(file, demo.environment['OPENAI_API_KEY'] ?? '')
  const { drain } = await startService(config, logger)
  onTestFinished(drain)
  await vi.waitFor(() => expect(logText()).toContain('API key replaced'))
})
