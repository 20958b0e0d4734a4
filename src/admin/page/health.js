/** At a glance: whether the service is minting, and what its parts do. */
import { find, h, icon, render } from './dom.js'
import { formatCount, formatDuration, formatTime, formatWhen } from './format.js'

/** @typedef {import('./api.js').State} State */
/** @typedef {import('./format.js').Zone} Zone */

/** @type {Record<State['minting']['causes'][number], string>} */
const causes = {
  draining: 'The process received SIGTERM and is about to end.',
  audit_unavailable: 'Records cannot be written. Check the disk of AUDIT_DIR.',
  authentication_unavailable:
    'Tokens cannot be verified: the keys of the issuer were not fetched for an hour.',
  limits_unavailable: 'Redis is unavailable, and REDIS_REQUIRED is set.',
  upstream_key: 'OpenAI refuses the API key.',
  upstream_credit: 'The account is out of credit.',
  upstream_breaker: 'The circuit breaker is open: OpenAI fails, and is asked once a second.',
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

/** @param {State} state */
function toVerdict({ minting }) {
  const { title, shape } = verdicts[minting.state]
  const lines = minting.causes.map((cause) => h('p', {}, causes[cause]))
  return h(
    'div',
    { class: `verdict ${minting.state}` },
    icon(shape),
    h(
      'div',
      {},
      h('h1', {}, title),
      lines.length === 0 ? h('p', {}, 'As far as is known, every part works.') : lines,
    ),
  )
}

/** @type {Record<State['parts'][number]['part'], readonly [name: string, unused: string]>} */
const names = {
  upstream: ['OpenAI', ''],
  redis: ['Redis', 'counts alone'],
  key_set: ['Key set', 'no issuer'],
  presets_file: ['Presets file', ''],
  api_key_file: ['API key file', 'set by variable'],
  audit: ['Audit records', ''],
}

/**
 * @param {string} name
 * @param {'ok' | 'failing' | 'idle'} state
 * @param {string} value
 * @param {string} note
 */
const toTile = (name, state, value, note) =>
  h(
    'div',
    { class: `tile ${state}` },
    h('dt', {}, name),
    h('dd', {}, state === 'idle' ? null : icon(state === 'ok' ? 'issued' : 'failed'), value),
    h('dd', { class: 'note' }, note),
  )

/** @param {State['parts'][number]} part @param {Zone} zone */
function toPart({ part, state, since, last_error: error }, zone) {
  const [name, unused] = names[part]
  if (state === 'not_used') return toTile(name, 'idle', 'Not used', unused)
  if (state === 'failing') {
    const why = error === null ? '' : `. ${error.meaning ?? error.cause}`
    return toTile(name, 'failing', 'Failing', `since ${formatWhen(since, zone)}${why}`)
  }
  const last = error === null ? 'no error yet' : `last error ${formatWhen(error.at, zone)}: ${error.cause}`
  return toTile(name, 'ok', part === 'audit' ? 'Written' : 'OK', last)
}

/** @type {Record<NonNullable<State['audit']['verification']['verdict']>, readonly ['ok' | 'failing', string]>} */
const chains = {
  whole: ['ok', 'Intact'],
  torn: ['ok', 'Intact, a crash tore it'],
  unchecked: ['failing', 'Not fully checked'],
  tampered: ['failing', 'Not as written'],
}

/** @param {State} state @param {Zone} zone */
function toChain({ audit: { verification } }, zone) {
  const { state, verdict, at, records, findings } = verification
  if (verdict === null || at === null) {
    return state === 'failed'
      ? toTile('Audit chain', 'failing', 'Not checked', 'The log says why.')
      : toTile('Audit chain', 'idle', 'Being checked', 'reads all records')
  }
  const [finding] = findings
  const [tone, text] = chains[verdict]
  const note = finding === undefined ? `${formatCount(records)} records` : `${finding.file}: ${finding.means}`
  return toTile('Audit chain', tone, text, `${note}, checked ${formatTime('minute', at, zone)}`)
}

/** @param {State} state */
function toAnchor({ now, audit: { last_anchor: at } }) {
  if (at === null) return toTile('Last anchor', 'idle', 'None yet', 'since the start')
  return toTile('Last anchor', 'ok', `${formatDuration(now - at)} ago`, 'printed to the log')
}

/** @param {State} state @param {Zone} zone */
export function showHealth(state, zone) {
  render(find('#verdict', HTMLElement), state.minting, () => toVerdict(state))
  const { parts, audit } = state
  const anchor = audit.last_anchor === null ? null : formatDuration(state.now - audit.last_anchor)
  render(find('#parts', HTMLElement), [parts, audit.verification, anchor, zone], () => [
    ...parts.map((part) => toPart(part, zone)),
    toChain(state, zone),
    toAnchor(state),
  ])
  const { presets, in_flight: inFlight, version } = state
  find('#facts', HTMLElement).textContent =
    `${formatCount(inFlight)} in flight · ${formatCount(presets.count)} presets, revision ${presets.revision} · version ${version}`
  document.title = `${verdicts[state.minting.state].title} · realtime-mint`
}
