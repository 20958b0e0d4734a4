/** A document with the anchors of its headings, as GitHub makes them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './service.ts'

export const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

export const anchorsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => toAnchor(heading ?? ''))

export async function readDocument(path: string) {
  const text = await readFile(join(ROOT, path), 'utf8')
  return { text, anchors: anchorsOf(text) }
}
