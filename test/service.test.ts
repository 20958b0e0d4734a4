import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startDemo } from '../sandbox/demo-settings.ts'
import { parseConfig } from '../src/config.ts'
import { createLogger } from '../src/logger.ts'
import { startService, toListenProblem } from '../src/service.ts'
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

it.each([
  ['', 'EADDRINUSE', 'another program uses port 80. Stop it, or set PORT to another number (EADDRINUSE)'],
  [
    'ADMIN_',
    'EADDRINUSE',
    'another program uses port 80. Stop it, or set ADMIN_PORT to another number (EADDRINUSE)',
  ],
  ['', 'EACCES', 'ports below 1024 need a privilege. Set PORT to 1024 or more (EACCES)'],
  [
    'ADMIN_',
    'EADDRNOTAVAIL',
    'this machine has no such address. Set ADMIN_HOST to one that it has (EADDRNOTAVAIL)',
  ],
  ['', 'ENOTFOUND', 'this host name has no address. Set HOST to an address of this machine (ENOTFOUND)'],
  ['', 'EMFILE', 'the system refuses it (EMFILE)'],
])('says what to do where it cannot listen: %s %s', (prefix, code, advice) => {
  expect(toListenProblem(prefix, { host: '127.0.0.1', port: 80 }, code)).toBe(
    `${prefix}HOST, ${prefix}PORT: cannot listen on 127.0.0.1:80: ${advice}`,
  )
})
