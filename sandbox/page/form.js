// The form for the variables and overrides of a preset, built from what the preset allows.
import { element } from './dom.js'

/** @import { Changes, PresetInfo, Rule } from './page-types.ts' */

/** @typedef {{ readonly row: HTMLElement, readonly read: () => unknown }} Field */

let ids = 0

/**
 * @param {string} label
 * @param {string} hint
 * @param {HTMLInputElement | HTMLSelectElement} input
 */
function toRow(label, hint, input) {
  ids += 1
  input.id = `field-${ids}`
  input.setAttribute('aria-describedby', `hint-${ids}`)
  return element('div', { class: 'field' }, [
    element('label', { for: input.id }, [label]),
    input,
    element('span', { class: 'hint', id: `hint-${ids}` }, [hint]),
  ])
}

/** @param {unknown} value */
const toLabel = (value) => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * @param {string} label
 * @param {string} hint
 * @param {string} own What applies if nothing is chosen.
 * @param {readonly unknown[]} values
 * @returns {Field}
 */
function choice(label, hint, own, values) {
  const options = values.map((value, index) => element('option', { value: String(index) }, [toLabel(value)]))
  const select = element('select', {}, [element('option', { value: '' }, [own]), ...options])
  return {
    row: toRow(label, hint, select),
    read: () => (select.value === '' ? undefined : values[Number(select.value)]),
  }
}

/**
 * @param {string} label
 * @param {string} hint
 * @param {Readonly<Record<string, string | undefined>>} attributes
 * @param {(text: string) => unknown} toValue
 * @returns {Field}
 */
function entry(label, hint, attributes, toValue) {
  const input = element('input', { autocomplete: 'off', ...attributes })
  return {
    row: toRow(label, hint, input),
    read: () => (input.value === '' ? undefined : toValue(input.value)),
  }
}

/** @param {PresetInfo['variables'][number]} variable */
function toVariableField({ name, values, max_length: maxLength, default: own }) {
  const hint = `Fills {{${name}}}${own === null ? ', required' : ''}.`
  if (values !== null) return choice(name, hint, own === null ? 'Choose…' : `${own} (default)`, values)
  const attributes = { type: 'text', maxlength: String(maxLength), placeholder: own ?? '' }
  return entry(name, `${hint} At most ${maxLength} characters.`, attributes, String)
}

/** @param {PresetInfo['overrides'][number]} override */
function toOverrideField({ path, own, rule }) {
  const label = path
  const current = own === null ? 'not set' : toLabel(own)
  const unchanged = `${current} (default)`
  if (rule === true) return choice(label, 'The page may change this.', unchanged, [true, false])
  if (isList(rule)) return choice(label, 'The page may choose.', unchanged, rule)
  const { min, max, max_length: maxLength } = rule
  if (maxLength !== undefined) {
    return entry(label, `At most ${maxLength} characters.`, { type: 'text', placeholder: current }, String)
  }
  const attributes = { type: 'number', step: 'any', min: toText(min), max: toText(max), placeholder: current }
  return entry(label, `From ${min ?? 'any'} to ${max ?? 'any'}.`, attributes, Number)
}

/**
 * @param {Rule} rule
 * @returns {rule is readonly unknown[]}
 */
const isList = (rule) => Array.isArray(rule)

/** @param {number | undefined} value */
const toText = (value) => (value === undefined ? undefined : String(value))

/**
 * @param {Record<string, unknown>} target
 * @param {readonly string[]} path
 * @param {unknown} value
 */
function put(target, [name = '', ...rest], value) {
  if (rest.length === 0) {
    target[name] = value
    return
  }
  /** @type {Record<string, unknown>} */
  const next = {}
  target[name] = isRecord(target[name]) ? target[name] : next
  put(isRecord(target[name]) ? target[name] : next, rest, value)
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
const isRecord = (value) => typeof value === 'object' && value !== null

/**
 * @param {PresetInfo} preset
 * @returns {{ readonly rows: readonly HTMLElement[], readonly read: () => Changes }}
 */
export function buildForm(preset) {
  const variables = preset.variables.map((variable) => ({
    name: variable.name,
    ...toVariableField(variable),
  }))
  const overrides = preset.overrides.map((override) => ({
    path: override.path,
    ...toOverrideField(override),
  }))

  function read() {
    /** @type {Record<string, string>} */
    const filled = {}
    for (const { name, read: readField } of variables) {
      const value = readField()
      if (typeof value === 'string') filled[name] = value
    }
    /** @type {Record<string, unknown>} */
    const session = {}
    for (const { path, read: readField } of overrides) {
      const value = readField()
      if (value !== undefined) put(session, path.split('.'), value)
    }
    if (Object.keys(session).length > 0) session['type'] = preset.type
    return {
      ...(Object.keys(filled).length > 0 && { variables: filled }),
      ...(Object.keys(session).length > 0 && { session }),
    }
  }

  return { rows: [...variables, ...overrides].map(({ row }) => row), read }
}
