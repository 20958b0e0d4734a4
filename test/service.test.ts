import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startDemo } from '../sandbox/demo-settings.ts'
import { parseConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService } from '../src/service.ts'
import { createTemporaryDirectory } from './support/service.ts'

it('takes over a key that was replaced while it started', async () => {
  const directory = await createTemporaryDirectory()
  const demo = await startDemo({ PORT: '0', AUDIT_DIR: join(directory, 'audit') })
  onTestFinished(demo.close)
  const file = join(directory, 'key')
  await writeFile(file, 'sk-replaced-0123456789abcdef')
  const config = parseConfig({
    ...demo.environment,
    OPENAI_API_KEY: undefined,
    OPENAI_API_KEY_FILE: file,
  })
  await writeFile(file, demo.environment['OPENAI_API_KEY'] ?? '')
  let logText = ''
  const logger = createLogger('info', { write: (line: string) => void (logText += line) })
  const { drain } = await startService(config, logger)
  onTestFinished(drain)
  await vi.waitFor(() => expect(logText).toContain('API key replaced'))
})
