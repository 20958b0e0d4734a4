// A file that a setting names may be anything and may never answer. The process still reloads and still ends.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEnvironment, startProcess } from '../support/process.ts'
import { API_KEY, PRESETS, writePresets } from '../support/service.ts'
import { NO_UPSTREAM, preload, replace } from './processes.ts'

/** With a preset file, a key file and a pipe that has no writer. `toCode` makes a module that Node runs first. */
async function start(toCode: (pipe: string) => string = () => '') {
  const presets = await writePresets()
  const [key, pipe] = [join(dirname(presets), 'key'), join(dirname(presets), 'pipe')]
  await writeFile(key, API_KEY)
  execFileSync('mkfifo', [pipe])
  const environment = await createEnvironment(NO_UPSTREAM)
  const files = { OPENAI_API_KEY: '', OPENAI_API_KEY_FILE: key, PRESETS_FILE: presets }
  const line = [process.execPath, ...preload(toCode(pipe)), 'src/main.ts']
  return { ...startProcess(line, { ...environment, ...files }), presets, key, pipe }
}

describe('a file that is replaced while the service runs', () => {
  it.each(['pipe', 'device', 'directory'])(
    'by a %s is refused, the next valid one is picked up, and SIGTERM ends the process',
    async (kind) => {
      const { presets, key, pipe, child, seen, stop } = await start()
      await seen(/"msg":"listening"/)
      const target = { pipe, device: '/dev/zero', directory: '/' }[kind] ?? ''
      for (const path of [presets, key]) {
        await rm(path)
        await symlink(target, path)
      }
      child.kill('SIGHUP')
      await seen(/presets not reloaded/)
      await seen(/API key not replaced/)

      await replace(presets, PRESETS.replace('marin', 'cedar'))
      await replace(key, `${API_KEY}-new`)
      await seen(/presets reloaded/)
      await seen(/API key replaced/)
      expect(await stop()).toBe(0)
    },
  )
})

describe('SIGTERM ends the process within 10 s', () => {
  it('though a thread waits for a file that never answers', async () => {
    const { seen, stop } = await start(
      (pipe) => `import fs from 'node:fs'; fs.open('${pipe}', 'r', () => undefined)`,
    )
    await seen(/"msg":"listening"/)
    expect(await stop()).toBe(0)
  })

  it('though the presets file never answers at the start', async () => {
    const { seen, stop } = await start(
      (pipe) => `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
        const { open } = fs.promises
        fs.promises.open = (path, flags) => {
          if (!path.endsWith('presets.yaml')) return open(path, flags)
          console.log('presets are read')
          return open('${pipe}', 'r')
        }
        syncBuiltinESMExports()`,
    )
    await seen(/presets are read/)
    const startedAt = performance.now()
    expect(await stop()).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  it('though nothing reads the pipe of its log', async () => {
    const { child, seen } = await start(() => 'setTimeout(() => process.stdout.write("x".repeat(1e6)), 1000)')
    await seen(/"msg":"listening"/)
    child.stdout?.pause()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})

describe('SIGUSR1', () => {
  it.each(['src/main.ts', 'src/realtime-mint.js'])('opens no debugger, when %s is started', async (file) => {
    const service = startProcess([process.execPath, file], await createEnvironment(NO_UPSTREAM))
    await service.seen(/"msg":"listening"/)
    service.child.kill('SIGUSR1')
    expect(await service.stop()).toBe(0)
    expect(service.stderr()).toBe('')
  })
})
