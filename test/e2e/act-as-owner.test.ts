// Commands that root runs on the directory of another user, who may have put links into it.
import { chown, mkdir, readdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createTemporaryDirectory } from '../support/service.ts'
import { command, run } from './processes.ts'

/** `nobody` on most systems. */
const OTHER_USER = 65_534

async function createDirectoryOfOtherUser() {
  const directory = await createTemporaryDirectory()
  await chown(directory, OTHER_USER, OTHER_USER)
  const ask = (...words: string[]) =>
    run(command(...words), { AUDIT_DIR: directory, AUDIT_KEY: 'k'.repeat(43) })
  return { directory, ask }
}

const isRoot = process.geteuid?.() === 0

describe.runIf(isRoot)(
  `in the directory of another user, root${isRoot ? '' : ' (skipped: only root can test it)'}`,
  () => {
    it('pauses as that user, who can resume', async () => {
      const { directory, ask } = await createDirectoryOfOtherUser()
      expect(await ask('pause', '--all', '--for', '1m')).toMatchObject({ code: 0 })
      const [name = ''] = await readdir(join(directory, 'pauses'))
      expect(await stat(join(directory, 'pauses', name))).toMatchObject({ uid: OTHER_USER, gid: OTHER_USER })
    })

    it('follows no link to where only root may write', async () => {
      const { directory, ask } = await createDirectoryOfOtherUser()
      const target = join(await createTemporaryDirectory(), 'of-root')
      await mkdir(target)
      await symlink(target, join(directory, 'pauses'))
      expect(await ask('pause', '--all', '--for', '1m')).toMatchObject({ code: 3 })
      expect(await readdir(target)).toStrictEqual([])
      expect(await stat(target)).toMatchObject({ uid: 0 })
    })

    it('says as which user to run it, where it may not become that user', async () => {
      const { directory } = await createDirectoryOfOtherUser()
      const withoutSetuid = ['setpriv', '--bounding-set', '-setuid,-setgid', '--inh-caps', '-setuid,-setgid']
      const settings = { AUDIT_DIR: directory, AUDIT_KEY: 'k'.repeat(43) }
      const stderr = expect.stringContaining(
        `AUDIT_DIR: belongs to user ${OTHER_USER}. Run this as that user`,
      )
      expect(await run([...withoutSetuid, ...command('pause', '--all')], settings)).toMatchObject({
        code: 78,
        stderr,
      })
      expect(await readdir(directory)).toStrictEqual([])
    })

    it('makes the index as that user', async () => {
      const { directory, ask } = await createDirectoryOfOtherUser()
      expect(await ask('audit', 'query')).toMatchObject({ code: 0 })
      expect(await stat(join(directory, 'index.sqlite'))).toMatchObject({ uid: OTHER_USER })
    })
  },
)
