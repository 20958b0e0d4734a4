/** Finds credentials in presets. A browser can read its whole session, so a preset must not contain any. */
import { isObject } from '../../json.ts'
import type { Path } from '../json.ts'

const shapes = [
  /(?<![A-Za-z0-9])sk-[\w-]{6,}/,
  /(?<![A-Za-z0-9])ek_[\w-]{6,}/,
  /\bBearer\s+[\w.~+/=-]{6,}/,
  // HTTP ignores the case of the scheme, and prose has the lower-case word, so this needs a long value with a digit.
  /\bbearer\s+(?=\S*\d)[\w.~+/=-]{16,}/i,
  // From the dot backwards: a search from each `eyJ` onwards would take quadratic time.
  /\.(?<=(?<!\w)eyJ[\w-]{10,}\.)[\w-]{10,}/,
  /:\/\/[^/\s:@]*:[^/\s@]+@/,
]

const mcpCredentials: ReadonlySet<string> = new Set(['authorization', 'headers'])

export function isCredentialLike(text: string): boolean {
  return shapes.some((shape) => shape.test(text))
}

/** The paths of all texts and keys that look like credentials, and of `authorization` and `headers` of MCP tools. */
export function credentialPaths(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value === 'string') return isCredentialLike(value) ? [path] : []
  if (Array.isArray(value)) return value.flatMap((item, index) => credentialPaths(item, [...path, index]))
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, field]) => {
    const here = [...path, key]
    const isMcpCredential = value['type'] === 'mcp' && field !== null && mcpCredentials.has(key)
    return isMcpCredential || isCredentialLike(key) ? [here] : credentialPaths(field, here)
  })
}
