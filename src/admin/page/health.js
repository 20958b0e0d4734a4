/** At a glance: whether the service is minting, and what its parts do. */
import { find, h, icon, render } from './dom.js'
import { formatCount, formatDuration, formatTime, formatWhen, shorten, toOneLine } from './format.js'

/** @typedef {import('./api.js').State} State */
/** @typedef {import('./format.js').Zone} Zone */

/** @type {Record<State['minting']['causes'][number], string>} */
const causes = {
  draining: 'The process received SIGTERM and is about to end.',
  audit_unavailable: 'Records cannot be written. Check the disk of AUDIT_DIR.',
  authentication_unavailable:
    'Tokens cannot be verified: the keys of the issuer were never fetched, or not for an hour.',
  limits_unavailable: 'Redis is unavailable, and REDIS_REQUIRED is set.',
  upstream_key: 'OpenAI refuses the API key.',
  upstream_credit: 'The account is out of credit.',
  upstream_failing: 'The last calls to OpenAI all failed.',
  upstream_breaker: 'The circuit breaker is open: OpenAI is failing, and is tried once a second.',
  upstream_cool_down: 'OpenAI limits requests. Mints go on when its Retry-After is over.',
  paused_all: 'An operator paused all minting: see above.',
  paused_partly: 'An operator paused a part of it: see above.',
  upstream_preset: 'OpenAI refuses a preset. The others mint.',
}

const verdicts = {
  yes: { title: 'Minting', shape: /** @type {const} */ ('issued') },
  partly: { title: 'Minting, but not all of it', shape: /** @type {const} */ ('refused') },
  no: { title: 'Not minting', shape: /** @type {const} */ ('failed') },
}

/** @typedef {{ name: string, state: 'ok' | 'failing' | 'idle', value: string, note: string, problem?: string }} Tile */

/** @param {State} state @param {readonly Tile[]} tiles */
function toVerdict({ minting }, tiles) {
  const { title, shape } = verdicts[minting.state]
  const failing = tiles.filter(({ state }) => state === 'failing').map(({ name }) => name)
  const all = failing.length === 0 ? 'No known problems.' : `Failing: ${failing.join(', ')}.`
  const lines = minting.causes.length === 0 ? [all] : minting.causes.map((cause) => causes[cause])
  return h(
    'div',
    { class: `verdict ${minting.state}` },
    icon(shape),
    h(
      'div',
      {},
      h('h1', {}, title),
      lines.map((line) => h('p', {}, line)),
    ),
  )
}

/** @type {Record<State['parts'][number]['part'], { name: string, unused?: string, advice?: string }>} */
const parts = {
  upstream: { name: 'OpenAI' },
  redis: {
    name: 'Redis',
    unused: 'limits in memory',
    advice:
      'Each replica counts alone, with its share of the limits. realtime-mint check says what Redis answers.',
  },
  key_set: {
    name: 'Key set',
    unused: 'no issuer',
    advice: 'Keys that were fetched stay in use for an hour. realtime-mint check says why.',
  },
  presets_file: {
    name: 'Presets file',
    advice: 'The last valid presets stay in effect. realtime-mint check names the line.',
  },
  api_key_file: {
    name: 'API key file',
    unused: 'set by variable',
    advice: 'The last key stays in use. The log says why.',
  },
  audit: {
    name: 'Audit records',
    advice: 'Nothing is issued until they can be written. Check the disk of AUDIT_DIR.',
  },
}

/** @param {State['parts'][number]} part @param {Zone} zone @returns {Tile} */
function toPart({ part, state, since, last_error: error }, zone) {
  const { name, unused = '', advice = '' } = parts[part]
  if (state === 'not_used') return { name, state: 'idle', value: 'Not used', note: unused }
  if (state === 'failing') {
    const problem = error?.meaning ?? `${error?.cause}. ${advice}`
    return { name, state, value: 'Failing', note: `since ${formatWhen(since, zone)}`, problem }
  }
  const note = error === null ? 'no error yet' : `last error ${formatWhen(error.at, zone)}: ${error.cause}`
  return { name, state, value: part === 'audit' ? 'Written' : 'OK', note }
}

/** @type {Record<NonNullable<State['audit']['verification']['verdict']>, readonly ['ok' | 'failing', string]>} */
const chains = {
  whole: ['ok', 'Intact'],
  torn: ['ok', 'Intact, with a torn line'],
  unchecked: ['failing', 'Not fully checked'],
  tampered: ['failing', 'Tampered'],
}

/** @param {State} state @param {Zone} zone @returns {Tile} */
function toChain({ now, audit: { verification, last_anchor: anchor } }, zone) {
  const name = 'Audit chain'
  const { state, verdict, at, findings } = verification
  if (verdict === null || at === null) {
    return state === 'failed'
      ? { name, state: 'failing', value: 'Not checked', note: '', problem: 'The log says why.' }
      : { name, state: 'idle', value: 'Being checked', note: 'reads all records' }
  }
  const [finding] = findings
  const [tone, value] = chains[verdict]
  const age = anchor === null ? 'no anchor yet' : `anchor ${formatDuration(now - anchor)} ago`
  const note = `${toOneLine(`checked ${formatTime('minute', at, zone)}`)}, ${toOneLine(age)}`
  const problem = finding && `${finding.file}: ${finding.means}. ${finding.advice}`
  return { name, state: tone, value, note, ...(problem && { problem }) }
}

/** How close the rule is that is closest. @param {State} state @returns {Tile} */
function toLimits({ total_limits: rules, in_flight: inFlight, max_in_flight: max }) {
  const [closest] = rules.toSorted((one, other) => other.used / other.limit - one.used / one.limit)
  const { rule = '', limit = 1, used = 0 } = closest ?? {}
  const state = used < limit && inFlight < max ? 'ok' : 'failing'
  return {
    name: 'Total limit',
    state,
    value: `${Math.floor((100 * used) / limit)} % used`,
    note: [`${formatCount(used)} of ${rule}`, `${formatCount(inFlight)} of ${formatCount(max)} in flight`]
      .map(toOneLine)
      .join(', '),
    ...(state === 'failing' && { problem: 'Mints are refused: find the caller below, or raise the limit.' }),
  }
}

/** @param {Tile} tile */
const toTile = ({ name, state, value, note }) =>
  h(
    'div',
    { class: `tile ${state}` },
    h('dt', {}, name),
    h('dd', {}, state === 'idle' ? null : icon(state === 'ok' ? 'issued' : 'failed'), value),
    h('dd', { class: 'note' }, note),
  )

/** @param {Tile} tile */
const toProblem = ({ name, problem }) =>
  problem === undefined ? [] : [h('li', {}, h('b', {}, icon('failed'), name), h('span', {}, problem))]

/** Also that the service was upgraded under the open page, whose scripts are then old. @param {State} state */
function showFacts({ presets, version }) {
  const facts = find('#facts', HTMLElement)
  facts.dataset['version'] ??= version
  const own = facts.dataset['version']
  const upgrade = own === version ? '' : ` · This page is of version ${own}: reload it`
  facts.textContent = `${formatCount(presets.count)} presets, revision ${shorten(presets.revision)} · version ${version}${upgrade}`
}

/** @param {State} state @param {Zone} zone */
export function showHealth(state, zone) {
  const tiles = [...state.parts.map((part) => toPart(part, zone)), toChain(state, zone), toLimits(state)]
  const { minting } = state
  const failing = tiles.map((tile) => tile.state)
  render(find('#verdict', HTMLElement), [minting, failing], () => toVerdict(state, tiles))
  render(find('#parts', HTMLElement), tiles, () => tiles.map(toTile))
  render(find('#problems', HTMLElement), tiles, () => tiles.flatMap(toProblem))
  showFacts(state)
  document.title = `${verdicts[minting.state].title} · realtime-mint`
}
