/** JSON from elsewhere. Parse errors are dropped: they quote their input. */

export type JsonObject = Readonly<Record<string, unknown>>

/** Why bytes are not such an object. Says nothing about their content. */
export type JsonFault = 'not_json' | 'not_object' | 'duplicate_key' | 'forbidden_key'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const jsonString = /"(?:[^"\\]|\\.)*"/g

/** In well-formed JSON every colon outside a string follows a key. */
const countWrittenKeys = (text: string): number => text.replace(jsonString, '').split(':').length - 1

/** Counts the keys of the parsed value, without recursion: 16 KiB can nest 8,000 deep. Undefined: one is `__proto__`. */
function countKeptKeys(root: JsonObject): number | undefined {
  let count = 0
  const pending: unknown[] = [root]
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) {
      for (const item of value) pending.push(item)
    } else if (isObject(value)) {
      for (const key of Object.keys(value)) {
        if (key === '__proto__') return undefined
        count += 1
        pending.push(value[key])
      }
    }
  }
  return count
}

/**
 * The object in `bytes`, or what is wrong with them: for bodies and tokens.
 *
 * Refuses duplicate keys: JSON.parse keeps the last, and a gateway in front may have checked the first.
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject | JsonFault {
  let text: string
  let value: unknown
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch {
    return 'not_json'
  }
  if (!isObject(value)) return 'not_object'
  const kept = countKeptKeys(value)
  if (kept === undefined) return 'forbidden_key'
  return kept === countWrittenKeys(text) ? value : 'duplicate_key'
}
