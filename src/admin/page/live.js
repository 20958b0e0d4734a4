/** The connection on which the service says that something is new. It connects again, also after a restart of the service. */

/** @typedef {import('./api.js').State} State */

/** The browser gives up where something else than events answers, such as a proxy without its service. */
const AGAIN_MS = 3_000

export class Live {
  #options
  /** @type {EventSource | undefined} */
  #source
  /** @type {number | undefined} */
  #timer
  /** Whether it should be there, and is not. */
  isLost = false

  /** @param {{ onState: (state: State) => void, onVersion: (version: string) => void, onConnection: () => void }} options */
  constructor(options) {
    this.#options = options
  }

  open() {
    if (this.#source !== undefined) return
    const source = new EventSource('api/live')
    this.#source = source
    source.addEventListener('open', () => this.#tell(false))
    source.addEventListener('state', ({ data }) => this.#options.onState(JSON.parse(data)))
    source.addEventListener('records', ({ data }) => this.#options.onVersion(JSON.parse(data).version))
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) this.#retry()
      this.#tell(true)
    })
  }

  close() {
    clearTimeout(this.#timer)
    this.#source?.close()
    this.#source = undefined
    this.isLost = false
  }

  #retry() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#source = undefined
      this.open()
    }, AGAIN_MS)
  }

  /** @param {boolean} isLost */
  #tell(isLost) {
    if (this.isLost === isLost) return
    this.isLost = isLost
    this.#options.onConnection()
  }
}
