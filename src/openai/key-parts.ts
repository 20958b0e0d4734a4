/** Whether a text carries a part of the API key. */

/** This many characters in a row are a part of the key, not an accident. */
const PART_LENGTH = 12
/** Every part contains a short one that starts at a multiple of the step, so few places need a look. */
const SHORT_LENGTH = 6
const STEP = PART_LENGTH - SHORT_LENGTH + 1

/** Anybody's token begins like an Entra ID token. What makes one valid is its signature. */
const token = /^eyJ[\w-]+\.[\w-]+\.(?=[\w-]{64})/

export function hasPartOfKey(key: string, text: string): boolean {
  const secret = key.replace(token, '')
  for (let at = 0; at + SHORT_LENGTH <= text.length; at += STEP) {
    if (!secret.includes(text.slice(at, at + SHORT_LENGTH))) continue
    const last = Math.min(at, text.length - PART_LENGTH)
    for (let start = Math.max(0, at - STEP + 1); start <= last; start += 1) {
      if (secret.includes(text.slice(start, start + PART_LENGTH))) return true
    }
  }
  return false
}
