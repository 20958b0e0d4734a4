/** What a client sent, as data. */

export type Fields = Readonly<Record<string, unknown>>

/** Undefined if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The fields of an object. None of anything else. */
export const toFields = (value: unknown): Fields => (isRecord(value) ? value : {})
