/** The image's command line: the Dockerfile has the only list of Node's options. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface ImageCommand {
  readonly nodeOptions: readonly string[]
  readonly script: string
}

export function readImageCommand(): ImageCommand {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../Dockerfile'), 'utf8')
  const [, list = ''] = /^ENTRYPOINT (\[(?:[^\]\\]|\\\n)+\])/m.exec(dockerfile) ?? []
  const [program, ...words] = [...list.matchAll(/"([^"]+)"/g)].flatMap(([, word]) => word ?? [])
  const script = words.pop()
  if (program !== 'node' || script === undefined)
    throw new Error('the Dockerfile has no ENTRYPOINT with node')
  return { nodeOptions: words, script }
}

/** The sources, with the image's options. */
export const toSourceCommand = (): ImageCommand => ({ ...readImageCommand(), script: 'src/main.ts' })
