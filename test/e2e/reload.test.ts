import { rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { createEnvironment, type ServiceProcess, startServiceProcess } from '../support/process.ts'
import { API_KEY, createTemporaryDirectory, ORIGIN, parseRecords, readAudit } from '../support/service.ts'

/** Instructions and voice are the same word, so that a mixture of two revisions is visible. */
const toPresets = (voice: string): string =>
  `presets: { p: { session: { type: realtime, instructions: ${voice}, audio: { output: { voice: ${voice} } } } } }\n`

interface Reloading {
  readonly service: ServiceProcess & { readonly url: string }
  readonly sandbox: Sandbox
  readonly directory: string
  readonly file: string
  readonly auditDirectory: string
}

async function startReloading(): Promise<Reloading> {
  const sandbox = await startSandbox({ apiKey: API_KEY })
  onTestFinished(() => sandbox.close())
  const directory = await createTemporaryDirectory()
  const file = join(directory, 'presets.yaml')
  await writeFile(join(directory, 'first.yaml'), toPresets('ash'))
  await symlink('first.yaml', file)
  const environment = await createEnvironment(sandbox.baseUrl)
  const service = await startServiceProcess({
    ...environment,
    PRESETS_FILE: file,
    RATE_LIMIT_PER_ADDRESS: '100000/second',
    RATE_LIMIT_PER_CALLER: '100000/second',
    RATE_LIMIT_TOTAL: '100000/second',
  })
  return { service, sandbox, directory, file, auditDirectory: environment['AUDIT_DIR'] ?? '' }
}

const mint = (url: string): Promise<Response> =>
  fetch(`${url}/v1/realtime/client_secrets?preset=p`, { method: 'POST', headers: { origin: ORIGIN } })

async function mintedVoice({ service, sandbox }: Reloading): Promise<unknown> {
  await (await mint(service.url)).arrayBuffer()
  return JSON.parse(sandbox.requests.at(-1)?.body ?? '{}').session.audio.output.voice
}

it('picks up a file that is swapped by symlink, replaced by rename or written in place', async () => {
  const reloading = await startReloading()
  const { directory, file } = reloading
  const arrives = (voice: string) =>
    vi.waitFor(async () => expect(await mintedVoice(reloading)).toBe(voice), { timeout: 8_000, interval: 50 })
  await arrives('ash')

  await writeFile(join(directory, 'second.yaml'), toPresets('ballad'))
  await symlink('second.yaml', `${file}.new`)
  await rename(`${file}.new`, file)
  await arrives('ballad')

  await writeFile(join(directory, 'third.yaml'), toPresets('coral'))
  await rename(join(directory, 'third.yaml'), file)
  await arrives('coral')

  await writeFile(file, toPresets('echo'))
  await arrives('echo')
}, 40_000)

it('keeps the last valid presets while the file is invalid or missing, and says why', async () => {
  const reloading = await startReloading()
  const { service, file, auditDirectory } = reloading
  await rm(file)
  await writeFile(file, 'presets: { p: { sesion: {} } }\n')
  service.child.kill('SIGHUP')
  await service.seen(/presets not reloaded/)
  expect(service.stdout()).toContain('did you mean')
  expect(await mintedVoice(reloading)).toBe('ash')
  const records = parseRecords(await readAudit(auditDirectory))
  expect(records.filter(({ event }) => event === 'config')).toHaveLength(1)
})

it('loses no request and mixes no revisions over 100 reloads, half of them invalid', async () => {
  const reloading = await startReloading()
  const { service, sandbox, file, auditDirectory } = reloading
  await rm(file)
  let reloads = 0
  const statuses: number[] = []
  const isOver = (): boolean => reloads >= 100
  async function load(): Promise<void> {
    while (!isOver()) {
      const reply = await mint(service.url)
      await reply.arrayBuffer()
      statuses.push(reply.status)
    }
  }
  async function change(): Promise<void> {
    for (; reloads < 100; reloads += 1) {
      const good = reloads % 2 === 0
      const answered = good ? /presets reloaded/g : /presets not reloaded/g
      const before = service.stdout().match(answered)?.length ?? 0
      await writeFile(`${file}.new`, good ? toPresets(`voice${reloads}`) : 'presets: [')
      await rename(`${file}.new`, file)
      service.child.kill('SIGHUP')
      await vi.waitFor(() => expect(service.stdout().match(answered)?.length).toBeGreaterThan(before), {
        timeout: 8_000,
        interval: 5,
      })
    }
  }
  await Promise.all([change(), load(), load(), load(), load()])

  expect(statuses.every((status) => status === 200)).toBe(true)
  const voices = sandbox.requests.map(({ body }) => JSON.parse(body).session)
  expect(voices.every(({ instructions, audio }) => instructions === audio.output.voice)).toBe(true)
  expect(new Set(voices.map(({ instructions }) => instructions)).size).toBeGreaterThan(10)
  const records = parseRecords(await readAudit(auditDirectory))
  expect(records.filter(({ outcome }) => outcome === 'issued')).toHaveLength(statuses.length)
  expect(records.filter(({ event }) => event === 'config').length).toBeGreaterThanOrEqual(51)
}, 90_000)
