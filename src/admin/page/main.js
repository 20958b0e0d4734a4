/** The operations page: what it asks, when, and what it shows if there is no answer. */
import { askAttempts, askState, askSummary, RefusedError } from './api.js'
import { Charts, toBucketName } from './chart.js'
import { createControls, showKnownValues } from './controls.js'
import { createDetails } from './details.js'
import { find } from './dom.js'
import { formatTime } from './format.js'
import { showHealth } from './health.js'
import { showChanges } from './marks.js'
import { showPanels } from './panels.js'
import { createPauses } from './pauses.js'
import { showTable } from './table.js'
import { fields, parseView, toggleFilter, toQuery, toUrl } from './view.js'

/** @typedef {import('./view.js').View} View */
/** @typedef {import('./api.js').Summary} Summary */
/** @typedef {import('./api.js').Attempts} Attempts */

const EVERY_MS = 5_000
/** What takes long is asked for less often. */
const WAITS_PER_ANSWER = 2
/** The first answer may wait until the whole audit is read. */
const ANSWER_MS = 120_000

const main = () => find('main', HTMLElement)

/** @param {string} text @param {'info' | 'bad' | ''} tone */
function tell(text, tone) {
  const notice = find('#notice', HTMLElement)
  if (notice.textContent !== text) notice.textContent = text
  notice.className = tone
}

class Page {
  #view = parseView(new URLSearchParams(location.search))
  /** Where the pages begin that are older than the newest one; the last one is shown. @type {string[]} */
  #cursors = []
  /** @type {Attempts} */
  #attempts = { records: [], next: null, skipped_lines: 0 }
  #asking = new AbortController()
  /** @type {number | undefined} */
  #timer
  #answeredAt = 0
  #isPaused = false
  #charts = new Charts({
    onSpan: (from, to) =>
      this.#change({ ...this.#view, range: null, from: Math.round(from), to: Math.round(to) }),
  })
  #controls = createControls({ toView: () => this.#view, onView: (view) => this.#change(view) })
  #pauses = createPauses({ onChanged: () => void this.#refresh({ isUpdate: true }) })
  #details = createDetails({
    onFilter: (name, value) => this.#filter(name, value),
    onPause: this.#pauses.ask,
    onClose: () => {
      if (this.#view.record !== null) this.#open(null)
    },
  })

  start() {
    find('#newer', HTMLButtonElement).addEventListener('click', () => this.#turn(undefined))
    find('#older', HTMLButtonElement).addEventListener('click', () =>
      this.#turn(this.#attempts.next ?? undefined),
    )
    const live = find('#live', HTMLButtonElement)
    live.addEventListener('click', () => {
      this.#isPaused = !this.#isPaused
      live.setAttribute('aria-pressed', String(!this.#isPaused))
      this.#look()
    })
    addEventListener('popstate', () => {
      this.#view = parseView(new URLSearchParams(location.search))
      this.#cursors = []
      void this.#refresh()
    })
    document.addEventListener('visibilitychange', () => this.#look())
    void this.#refresh()
  }

  /** Shows other data. @param {View} view */
  #change(view) {
    this.#view = { ...view, record: null }
    this.#cursors = []
    history.pushState(null, '', toUrl(this.#view))
    void this.#refresh()
  }

  /** @param {string} name @param {string} value */
  #filter(name, value) {
    this.#change(toggleFilter(this.#view, name, value))
  }

  /** @param {string | null} record */
  #open(record) {
    this.#view = { ...this.#view, record }
    history.pushState(null, '', toUrl(this.#view))
    void this.#details.show(this.#view, this.#attempts.records)
  }

  /** To an older page, or back to a newer one. @param {string | undefined} cursor */
  #turn(cursor) {
    if (cursor === undefined) this.#cursors.pop()
    else this.#cursors.push(cursor)
    void this.#refresh()
  }

  /** At once, if someone looks. */
  #look() {
    if (!document.hidden && !this.#isPaused) void this.#refresh({ isUpdate: true })
  }

  /** @param {{ isUpdate: boolean }} [options] */
  async #refresh({ isUpdate } = { isUpdate: false }) {
    clearTimeout(this.#timer)
    this.#asking.abort()
    this.#asking = new AbortController()
    const { signal } = this.#asking
    const startedAt = Date.now()
    this.#controls.show(this.#view)
    if (!isUpdate) main().setAttribute('aria-busy', 'true')
    try {
      await this.#ask(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
    } catch (error) {
      if (signal.aborted) return
      this.#tellError(error)
    }
    main().setAttribute('aria-busy', 'false')
    this.#schedule(Math.max(EVERY_MS, WAITS_PER_ANSWER * (Date.now() - startedAt)))
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const query = toQuery(this.#view)
    const page = new URLSearchParams(query)
    const cursor = this.#cursors.at(-1)
    if (cursor !== undefined) page.set('cursor', cursor)
    const state = await askState(signal)
    showHealth(state, this.#view.zone)
    this.#pauses.show(state, this.#view.zone)
    const progress = state.audit.index_progress
    if (progress !== null) tell(`The audit is being read: ${Math.round(progress * 100)} %.`, 'info')
    // The list first: it is there at once, while the summary of many records takes its time.
    const listed = askAttempts(page, signal).then((attempts) => this.#showAttempts(attempts))
    await Promise.all([listed, askSummary(query, signal).then((summary) => this.#showSummary(summary))])
    this.#answeredAt = Date.now()
    main().classList.remove('stale', 'unanswered')
    main().classList.add('ready')
    tell('', '')
    find('#updated', HTMLElement).textContent =
      `Updated ${formatTime('time', this.#answeredAt, this.#view.zone)}`
  }

  /** @param {Summary} summary */
  #showSummary(summary) {
    const view = this.#view
    find('#bucket', HTMLElement).textContent = `Attempts per ${toBucketName(summary.bucket_seconds)}`
    this.#charts.show(summary, view)
    showChanges(summary, view)
    showPanels(summary, {
      view,
      onFilter: (name, value) => this.#filter(name, value),
      onPause: this.#pauses.ask,
    })
    showKnownValues(summary)
  }

  /** @param {Attempts} attempts */
  async #showAttempts(attempts) {
    const view = this.#view
    this.#attempts = attempts
    showTable(attempts, {
      view,
      onOpen: (record) => this.#open(record),
      onRange: (range) => this.#change({ ...view, range }),
    })
    const pages = this.#cursors.length
    find('#newer', HTMLButtonElement).disabled = pages === 0
    find('#older', HTMLButtonElement).disabled = attempts.next === null
    find('#page', HTMLElement).textContent = pages === 0 ? 'Newest' : `Page ${pages + 1}`
    await this.#details.show(view, attempts.records)
  }

  /** @param {unknown} error */
  #tellError(error) {
    main().classList.add(this.#answeredAt > 0 ? 'stale' : 'unanswered')
    if (error instanceof RefusedError) {
      const label = fields.find(({ name }) => name === error.param)?.label
      const text =
        label === undefined ? error.message : `The filter “${label}” does not take this value. Remove it.`
      return tell(text, 'bad')
    }
    const old =
      this.#answeredAt === 0
        ? ''
        : ` The page shows what was known at ${formatTime('time', this.#answeredAt, this.#view.zone)}.`
    return tell(`The service does not answer.${old} The next try is in 5 seconds.`, 'bad')
  }

  /** Neither while nobody looks, nor while an older page is read. @param {number} ms */
  #schedule(ms) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const isReading = this.#cursors.length > 0 && !main().classList.contains('stale')
      if (this.#isPaused || document.hidden || isReading) this.#schedule(EVERY_MS)
      else void this.#refresh({ isUpdate: true })
    }, ms)
  }
}

new Page().start()
