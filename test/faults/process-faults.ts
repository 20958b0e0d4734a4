/** Faults of the process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTurn } from '../bench/in-turn.ts'
import type { Scene } from './scene.ts'

export interface ProcessFault {
  readonly name: string
  readonly runs: number
  readonly shortRuns: number
  readonly play: (scene: Scene, runs: number, random: () => number) => Promise<void>
  /** Correct exit codes of `audit verify`. */
  readonly verdicts: readonly number[]
}

const WORKERS = 16
const LONGEST_LIFE_MS = 500

const count = (runs: number): Iterable<number> => Array.from({ length: runs }).keys()

export const processFaults: readonly ProcessFault[] = [
  {
    name: 'SIGKILL at a random moment',
    runs: 200,
    shortRuns: 8,
    play: async (scene, runs, random) => {
      scene.load(WORKERS)
      await inTurn(count(runs), async () => {
        const service = await scene.start()
        await sleep(random() * LONGEST_LIFE_MS)
        await scene.end(service, 'SIGKILL')
      })
    },
    verdicts: [0, 2],
  },
  {
    name: 'SIGKILL of one of two on one directory',
    runs: 20,
    shortRuns: 3,
    play: async (scene, runs, random) => {
      await scene.start()
      scene.load(WORKERS)
      await inTurn(count(runs), async () => {
        const other = await scene.start()
        await sleep(random() * LONGEST_LIFE_MS)
        await scene.end(other, 'SIGKILL')
      })
    },
    verdicts: [0, 2],
  },
  {
    name: 'a restart (SIGTERM)',
    runs: 50,
    shortRuns: 4,
    play: async (scene, runs, random) => {
      scene.load(WORKERS)
      await inTurn(count(runs), async () => {
        const service = await scene.start()
        await sleep(random() * LONGEST_LIFE_MS)
        await scene.end(service, 'SIGTERM')
      })
    },
    verdicts: [0],
  },
]
