/** Marks changes in the charts, and lists them in words. */
import { find, h, readColor, render } from './dom.js'
import { formatWhen, shorten } from './format.js'

/** @typedef {import('./uplot.js').default} Plot */
/** @typedef {import('./api.js').Summary} Summary */
/** @typedef {Summary['changes'][number]} Change */

/** @type {Record<Change['change'], readonly [title: string, isBad: boolean]>} */
const changes = {
  started: ['Service started', false],
  stopped: ['Service stopped', false],
  presets: ['Presets in effect', false],
  key: ['API key replaced', false],
  store_degraded: ['Redis unavailable', true],
  store_restored: ['Redis available again', false],
  paused: ['Paused', true],
  resumed: ['Pause ended', false],
  audit_gap: ['Audit could not be written', true],
  audit_recovered: ['Audit recovered after a crash', true],
  audit_removed: ['Old audit file removed', false],
}

/** Draws a dashed line for each change, solid where something was lost. */
export function createMarks() {
  /** @type {readonly Change[]} */
  let marked = []

  /** @param {Plot} plot */
  function draw(plot) {
    const { ctx, bbox } = plot
    const [bad, mark] = [readColor('--bad'), readColor('--mark')]
    ctx.save()
    ctx.lineWidth = devicePixelRatio
    for (const { time, change } of marked) {
      const [, isBad] = changes[change]
      const x = Math.round(plot.valToPos(time / 1000, 'x', true))
      if (x < bbox.left || x > bbox.left + bbox.width) continue
      ctx.strokeStyle = isBad ? bad : mark
      ctx.setLineDash(isBad ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio])
      ctx.beginPath()
      ctx.moveTo(x, 0)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
    }
    ctx.restore()
  }

  return {
    /** @type {import('./uplot.js').default.Plugin} */
    plugin: { hooks: { draw } },
    /** @param {readonly Change[]} next */
    set(next) {
      marked = next
    },
  }
}

const MAX_LISTED = 10

/** Newest first, with the last ones before the span. @param {Summary} summary @param {import('./view.js').View} view */
export function showChanges({ changes: all, since }, { zone }) {
  const listed = all.toReversed().slice(0, MAX_LISTED)
  const later = listed.filter(({ time }) => time >= since)
  const earlier = listed.slice(later.length)
  render(find('#changes', HTMLElement), [later, earlier, zone], () => [
    later.length === 0 && h('p', { class: 'none' }, 'Nothing changed in this span.'),
    h(
      'ul',
      { class: 'changes' },
      later.map((change) => toItem(change, zone)),
      earlier.length > 0 && h('li', { class: 'earlier' }, 'Before this span'),
      earlier.map((change) => toItem(change, zone)),
    ),
    all.length > MAX_LISTED && h('p', { class: 'none' }, 'For more, filter by event.'),
  ])
}

/** @param {Change} change @param {import('./format.js').Zone} zone */
function toItem({ time, change, detail }, zone) {
  const [title, isBad] = changes[change]
  return h(
    'li',
    { class: isBad ? 'bad' : null },
    h('time', { datetime: new Date(time).toISOString() }, formatWhen(time, zone)),
    h('span', {}, title, detail !== null && h('code', {}, shorten(detail))),
  )
}
