// Files of settings that are replaced while the service runs: the presets and the API key.
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../src/secret.ts'
import { keys } from '../audit/fields.ts'
import { inTurn } from '../bench/in-turn.ts'
import { createEnvironment, startServiceProcess } from '../support/process.ts'
import { AUDIT_KEY, createTemporaryDirectory, parseRecords, readAudit } from '../support/service.ts'
import { startReplier, toSecretBody } from '../support/upstream.ts'
import { mint, noLimits, replace } from './processes.ts'

const toKey = (name: string): string => `sk-rotation-0123456789-${name}`

/** Instructions and voice are the same word, so that a mixture of two revisions is visible. */
const toPresets = (voice: string): string =>
  `presets: { p: { session: { type: realtime, instructions: ${voice}, audio: { output: { voice: ${voice} } } } } }\n`

/** What is replaced: the setting that names the file, its content by a name, and the log's answers. */
const presets = {
  setting: 'PRESETS_FILE',
  toContent: toPresets,
  picked: /presets reloaded/g,
  kept: /presets not reloaded/g,
}
const apiKey = {
  setting: 'OPENAI_API_KEY_FILE',
  toContent: toKey,
  picked: /API key replaced/g,
  kept: /API key not replaced/g,
}

/** As orchestrators do it: a new folder with all files, then one link is swapped. */
async function mount(directory: string, name: string, content: string): Promise<void> {
  const folder = `..${name}`
  await mkdir(join(directory, folder))
  await writeFile(join(directory, folder, 'file'), content)
  await symlink(folder, join(directory, '..data_tmp'))
  await rename(join(directory, '..data_tmp'), join(directory, '..data'))
}

/** A service with both files in one that is mounted: a link to a file in a folder that is a link itself. */
async function start({ setting, toContent }: typeof presets) {
  /** What upstream was sent, in order. */
  const sent: { key: string; session: { instructions: string; audio: { output: { voice: string } } } }[] = []
  const baseUrl = await startReplier((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      sent.push({ key: request.headers.authorization?.slice(7) ?? '', session: JSON.parse(body).session })
      response.end(toSecretBody(`ek_of_request_${sent.length}`))
    })
  })
  const directory = await createTemporaryDirectory()
  const file = join(directory, 'file')
  await mount(directory, 'first', toContent('first'))
  await symlink('..data/file', file)
  const [presetsFile, keyFile] = [join(directory, 'presets.yaml'), join(directory, 'key')]
  await writeFile(presetsFile, toPresets('ash'))
  await writeFile(keyFile, toKey('other'))
  const { OPENAI_API_KEY: _, ...environment } = await createEnvironment(baseUrl)
  const files = { PRESETS_FILE: presetsFile, OPENAI_API_KEY_FILE: keyFile, [setting]: file }
  const service = await startServiceProcess({ ...environment, ...noLimits, ...files, AUDIT_KEY })
  const auditDirectory = environment['AUDIT_DIR'] ?? ''

  const countOf = (pattern: RegExp): number => service.stdout().match(pattern)?.length ?? 0

  /** Changes the file, sends SIGHUP and waits for the answer. */
  async function change(answer: RegExp, work: () => Promise<unknown>): Promise<void> {
    const before = countOf(answer)
    await work()
    service.child.kill('SIGHUP')
    const isAnswered = (): void => expect(countOf(answer)).toBeGreaterThan(before)
    await vi.waitFor(isAnswered, { timeout: 8_000, interval: 5 })
  }

  /** What upstream sees now: the name of the key, or the voice. */
  async function nameInForce(): Promise<string | undefined> {
    expect(await mint(service.url, 'p')).toMatchObject({ status: 200 })
    const { key, session } = sent.at(-1) ?? {}
    return setting === 'PRESETS_FILE' ? session?.audio.output.voice : key?.replace(toKey(''), '')
  }

  const recordsOf = async (event: string) =>
    parseRecords(await readAudit(auditDirectory)).filter((record) => record['event'] === event)

  const fingerprints = async () => (await recordsOf('key')).map(({ secret }) => secret)

  /** The names of keys as `key` events record them. */
  const toFingerprints = (names: readonly string[]) =>
    names.map((name) => new Secret(toKey(name)).fingerprint(keys.fingerprint))

  const written = async () => service.stdout() + service.stderr() + (await readAudit(auditDirectory))

  return {
    service,
    directory,
    file,
    sent,
    countOf,
    change,
    nameInForce,
    recordsOf,
    fingerprints,
    toFingerprints,
    written,
  }
}

const LEAKS = /sk-rotation|0123456789-/

describe('a file that changes is picked up', () => {
  it.each([presets, apiKey])(
    'when it is swapped by symlink, renamed or written: $setting',
    async (kind) => {
      const { directory, file, nameInForce, fingerprints, toFingerprints, written } = await start(kind)
      const arrives = (name: string) =>
        vi.waitFor(async () => expect(await nameInForce()).toBe(name), { timeout: 8_000, interval: 50 })
      await arrives('first')
      await mount(directory, 'second', kind.toContent('second'))
      await arrives('second')
      await replace(file, kind.toContent('third'))
      await arrives('third')
      await writeFile(file, kind.toContent('fourth'))
      await arrives('fourth')
      const names = kind === apiKey ? ['second', 'third', 'fourth'] : []
      await vi.waitFor(async () => expect(await fingerprints()).toStrictEqual(toFingerprints(names)))
      expect(await written()).not.toMatch(LEAKS)
    },
    40_000,
  )
})

describe('while a file is invalid or missing', () => {
  it('the last valid key stays in use, and the log says why without its content', async () => {
    const { service, file, directory, change, nameInForce, fingerprints, written } = await start(apiKey)
    const bad: readonly (readonly [content: string | undefined, problem: string])[] = [
      [`"${toKey('one')}"`, 'has quotes around it. Remove them'],
      ['canary', 'is too short for an API key: it has fewer than 20 characters'],
      [undefined, 'the file does not exist'],
    ]
    const lastRefusal = () =>
      service
        .stdout()
        .match(/^.*API key not replaced.*$/gm)
        ?.at(-1)
    await change(apiKey.picked, () => mount(directory, 'second', toKey('second')))
    await inTurn(bad, async ([content, problem]) => {
      await change(apiKey.kept, () => (content === undefined ? rm(file) : writeFile(file, content)))
      await vi.waitFor(() =>
        expect(JSON.parse(lastRefusal() ?? '{}')).toMatchObject({
          problem: `OPENAI_API_KEY_FILE: ${problem}`,
        }),
      )
      expect(await nameInForce()).toBe('second')
    })
    expect(await fingerprints()).toHaveLength(1)
    expect(service.stdout()).not.toContain('canary')
    expect(service.stdout()).not.toContain(directory)
    expect(await written()).not.toMatch(LEAKS)

    await change(apiKey.picked, () => writeFile(file, toKey('fixed')))
    expect(await nameInForce()).toBe('fixed')
  }, 40_000)

  it('the last valid presets stay in use, and the log says why', async () => {
    const { service, file, change, nameInForce, recordsOf } = await start(presets)
    await change(presets.kept, () => rm(file))
    await change(presets.kept, () => writeFile(file, 'presets: { p: { sesion: {} } }\n'))
    expect(service.stdout()).toContain('did you mean')
    expect(await nameInForce()).toBe('first')
    expect(await recordsOf('config')).toHaveLength(1)
  })
})

describe('requests under load', () => {
  it.each([
    { ...apiKey, times: 20, event: 'key', events: 20 },
    { ...presets, times: 100, event: 'config', events: 51 },
  ])(
    'are all answered over $times replacements: $setting',
    async ({ times, event, events, ...kind }) => {
      const { service, file, sent, change, recordsOf, written } = await start(kind)
      const statuses: number[] = []
      const run = { isOver: false }
      async function load(): Promise<void> {
        while (!run.isOver) statuses.push((await mint(service.url, 'p')).status)
      }
      async function replaceAll(): Promise<void> {
        await inTurn(Array.from({ length: times }).keys(), async (number) => {
          const isBad = kind.setting === 'PRESETS_FILE' && number % 2 === 1
          const content = isBad ? 'presets: [' : kind.toContent(`number${number}`)
          const write = number % 4 === 2 ? writeFile : replace
          await change(isBad ? kind.kept : kind.picked, () => write(file, content))
          const seen = sent.length
          // Every replacement is seen by a mint.
          await vi.waitFor(() => expect(sent.length).toBeGreaterThan(seen + 4), { interval: 5 })
        })
        run.isOver = true
      }
      await Promise.all([replaceAll(), load(), load(), load(), load()])

      expect(new Set(statuses)).toStrictEqual(new Set([200]))
      expect(sent.filter(({ session }) => session.instructions !== session.audio.output.voice)).toStrictEqual(
        [],
      )
      const names = new Set(sent.map(({ key, session }) => `${key} ${session.instructions}`))
      expect(names.size).toBe(1 + Math.ceil(times / (kind.setting === 'PRESETS_FILE' ? 2 : 1)))
      const issued = (await recordsOf('attempt')).filter(({ outcome }) => outcome === 'issued')
      expect(issued).toHaveLength(statuses.length)
      expect(await recordsOf(event)).toHaveLength(events)
      expect(await written()).not.toMatch(LEAKS)
    },
    90_000,
  )
})
