/** The operations page: what it asks, when, and what it shows if there is no answer. */
import { askAttempts, askState, askSummary, RefusedError } from './api.js'
import { Charts, toBucketName } from './chart.js'
import { createControls, showKnownValues } from './controls.js'
import { createDetails } from './details.js'
import { find } from './dom.js'
import { formatTime } from './format.js'
import { showHealth } from './health.js'
import { Live } from './live.js'
import { showChanges } from './marks.js'
import { tell, tellError } from './notice.js'
import { showPanels } from './panels.js'
import { createPauses } from './pauses.js'
import { showTable } from './table.js'
import { parseView, toggleFilter, toQuery, toUrl } from './view.js'

/** @typedef {import('./view.js').View} View */
/** @typedef {import('./api.js').Summary} Summary */
/** @typedef {import('./api.js').Attempts} Attempts */

/** Spans that end now move on, even if nothing happens. */
const LIVE_MS = 30_000
/** Without a connection, also to find out whether the service answers. */
const LOST_MS = 3_000
const REST_MS = 1_000
/** What takes long is asked for less often. */
const RESTS_PER_ANSWER = 2
/** The first answer may wait until the whole audit is read. */
const ANSWER_MS = 120_000

const main = () => find('main', HTMLElement)

class Page {
  #view = parseView(new URLSearchParams(location.search))
  /** Where the pages begin that are older than the newest one; the last one is shown. @type {string[]} */
  #cursors = []
  /** @type {Attempts} */
  #attempts = { records: [], next: null, skipped_lines: 0, version: '' }
  /** The newest one that the service knows of. */
  #version = ''
  #asking = new AbortController()
  #isAsking = false
  /** @type {number | undefined} */
  #timer
  #restsUntil = 0
  #answeredAt = 0
  #isStopped = false
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
  #live = new Live({
    onState: (state) => this.#showState(state),
    onVersion: (version) => {
      this.#version = version
      this.#schedule()
    },
    onConnection: () => {
      this.#showConnection()
      if (!this.#live.isLost) void this.#refresh({ isUpdate: true })
    },
  })

  start() {
    find('#unstarted', HTMLElement).remove()
    find('#newer', HTMLButtonElement).addEventListener('click', () => this.#turn(undefined))
    find('#older', HTMLButtonElement).addEventListener('click', () =>
      this.#turn(this.#attempts.next ?? undefined),
    )
    find('#live', HTMLButtonElement).addEventListener('click', () => {
      this.#isStopped = !this.#isStopped
      this.#look()
    })
    addEventListener('popstate', () => {
      this.#view = parseView(new URLSearchParams(location.search))
      this.#cursors = []
      void this.#refresh()
    })
    document.addEventListener('visibilitychange', () => this.#look())
    this.#live.open()
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

  /** Updates at once, if someone looks. A hidden page has no connection: browsers allow few for all pages together. */
  #look() {
    const isLooking = !document.hidden && !this.#isStopped
    if (isLooking) this.#live.open()
    else this.#live.close()
    this.#showConnection()
    if (isLooking) void this.#refresh({ isUpdate: true })
  }

  #showConnection() {
    const { isLost } = this.#live
    const live = find('#live', HTMLButtonElement)
    live.setAttribute('aria-pressed', String(!this.#isStopped))
    live.classList.toggle('lost', isLost && !this.#isStopped)
    const text = isLost ? 'Reconnecting…' : 'Live'
    find('#live-text', HTMLElement).textContent = this.#isStopped ? 'Live off' : text
    this.#schedule()
  }

  /** @param {{ isUpdate: boolean }} [options] */
  async #refresh({ isUpdate } = { isUpdate: false }) {
    clearTimeout(this.#timer)
    this.#asking.abort()
    this.#asking = new AbortController()
    const { signal } = this.#asking
    const startedAt = Date.now()
    this.#isAsking = true
    this.#controls.show(this.#view)
    if (!isUpdate) main().setAttribute('aria-busy', 'true')
    try {
      await this.#ask(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
    } catch (error) {
      if (signal.aborted) return
      this.#tellError(error)
    }
    this.#isAsking = false
    main().setAttribute('aria-busy', 'false')
    this.#restsUntil = Date.now() + Math.max(REST_MS, RESTS_PER_ANSWER * (Date.now() - startedAt))
    this.#schedule()
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    const query = toQuery(this.#view)
    const page = new URLSearchParams(query)
    const cursor = this.#cursors.at(-1)
    if (cursor !== undefined) page.set('cursor', cursor)
    // Each is shown when it is there: the summary of many records takes longest.
    await Promise.all([
      askState(signal).then((state) => this.#showState(state)),
      askAttempts(page, signal).then((attempts) => this.#showAttempts(attempts)),
      askSummary(query, signal).then((summary) => this.#showSummary(summary)),
    ])
    this.#answeredAt = Date.now()
    main().classList.remove('stale', 'unanswered')
    main().classList.add('ready')
    tell('', '')
    find('#updated', HTMLElement).textContent =
      `Updated ${formatTime('time', this.#answeredAt, this.#view.zone)}`
  }

  /** @param {import('./api.js').State} state */
  #showState(state) {
    showHealth(state, this.#view.zone)
    this.#pauses.show(state, this.#view.zone)
    const progress = state.audit.index_progress
    if (this.#isAsking && progress !== null) {
      tell(`The audit is being read: ${Math.round(progress * 100)} %.`, 'info')
    }
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
    if (!(error instanceof RefusedError)) document.title = 'No answer · realtime-mint'
    const retryMs = this.#isStopped ? undefined : LOST_MS
    tellError(error, { answeredAt: this.#answeredAt, zone: this.#view.zone, retryMs })
  }

  /** The next update: soon if there are other records. None while the page is hidden, or an older page is read. */
  #schedule() {
    clearTimeout(this.#timer)
    const isStale = main().classList.contains('stale') || main().classList.contains('unanswered')
    const isReading = this.#cursors.length > 0 && !isStale
    if (this.#isAsking || this.#isStopped || document.hidden || isReading) return
    const isOld = this.#version !== '' && this.#version !== this.#attempts.version
    const every = this.#live.isLost || isStale ? LOST_MS : LIVE_MS
    const ms = isOld && !isStale ? this.#restsUntil - Date.now() : every
    this.#timer = setTimeout(() => void this.#refresh({ isUpdate: true }), Math.max(0, ms))
  }
}

new Page().start()
