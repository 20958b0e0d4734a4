// What the Agents SDK does to a preset.

/** @import { SessionFields } from './page-types.ts' */

/**
 * What version 0.20 sends when it connects, for an agent without instructions.
 * @param {SessionFields} session
 */
export const agentsUpdate = ({ type }) => ({
  type,
  ...(type === 'realtime' && { instructions: '' }),
  audio: {
    input: {
      noise_reduction: null,
      transcription: { model: 'gpt-4o-mini-transcribe' },
      turn_detection: { type: 'semantic_vad' },
    },
    ...(type === 'realtime' && { output: { speed: 1 } }),
  },
})

/**
 * @param {unknown} value
 * @returns {value is Readonly<Record<string, unknown>>}
 */
const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The paths of the fields that differ.
 * @param {unknown} before
 * @param {unknown} after
 * @param {string} [path]
 * @returns {readonly string[]}
 */
export function changedFields(before, after, path = '') {
  if (!isRecord(before) || !isRecord(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [path]
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  return names.flatMap((name) =>
    changedFields(before[name], after[name], path === '' ? name : `${path}.${name}`),
  )
}
