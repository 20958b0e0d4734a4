/** The source as text: enough to hold it to the rules of the house, without a compiler. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { ROOT } from './service.ts'

export interface Source {
  /** From `src`, as in `audit/writer.ts`. */
  readonly path: string
  /** The folder, or a file beside the folders without its extension: `audit`, `issuer`. */
  readonly room: string
  readonly text: string
  /** Without comments, strings and imports. */
  readonly code: string
  /** Files of ours that it imports, types included; from `src`. */
  readonly imports: readonly string[]
  /** Packages and Node's own modules that it imports, types included. */
  readonly packages: readonly string[]
}

const SRC = join(ROOT, 'src')

const importStatement =
  /^(?:import|export)\b[^'"`;]*?\bfrom '([^']+)'$|^import '([^']+)'$|\bimport\('([^']+)'\)/gm

const commentOrString =
  /\/\*[\s\S]*?\*\/|(?<![:\\/])\/\/.*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g

export const toRoom = (path: string): string => path.replace(/\/.*|\.\w+$/g, '')

function toSource(path: string): Source {
  const text = readFileSync(join(SRC, path), 'utf8')
  const specifiers = [...text.matchAll(importStatement)].flatMap(
    ([, from, bare, dynamic]) => from ?? bare ?? dynamic ?? [],
  )
  return {
    path,
    room: toRoom(path),
    text,
    code: text.replace(importStatement, '').replace(commentOrString, "''"),
    imports: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => relative(SRC, join(SRC, dirname(path), specifier))),
    packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
  }
}

export const sources: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => /(?<!\.d)\.(ts|js)$/.test(path))
  .map(toSource)

const sourcesByPath = new Map(sources.map((source) => [source.path, source]))

/** A file, all files of ours that it needs, and so on. */
export function closureOf(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen
  seen.add(path)
  for (const needed of sourcesByPath.get(path)?.imports ?? []) closureOf(needed, seen)
  return seen
}

/** All packages that a file needs, by itself or by what it imports. */
export const packagesBehind = (path: string): string[] =>
  [...closureOf(path)].flatMap((needed) => sourcesByPath.get(needed)?.packages ?? [])

const opens =
  /\bfunction\b.*\{$|=> \{$|^\s*(?:(?:async|static|get|set) )*#?\w+\([^)]*\)(?:: .+)? \{$|^\s*\)(?:: .+)? (?:=> )?\{$/
const isBranch = /^\s*(?:\} )?(?:if|for|while|switch|catch|else|return class)\b/

export interface LongFunction {
  readonly path: string
  readonly line: number
  readonly length: number
}

/** Functions by their indentation, which the formatter vouches for. */
export function functionsOf({ path, text }: Source): LongFunction[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    if (!opens.test(line) || isBranch.test(line)) return []
    const indent = /^\s*/.exec(line)?.[0] ?? ''
    const length = lines.slice(index).findIndex((later) => later.startsWith(`${indent}}`)) + 1
    return [{ path, line: index + 1, length }]
  })
}
