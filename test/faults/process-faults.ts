/** Faults of the process. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inTurn } from '../bench/in-turn.ts'
import type { Scene } from './scene.ts'

type Play = (scene: Scene, runs: number, random: () => number) => Promise<void>

export interface ProcessFault {
  readonly name: string
  readonly runs: number
  readonly shortRuns: number
  readonly play: Play
  /** Correct exit codes of `audit verify`. */
  readonly verdicts: readonly number[]
}

const WORKERS = 16
const LONGEST_LIFE_MS = 500

/** Starts a service `runs` times, and ends it at a random moment. */
const playEnds =
  (signal: 'SIGKILL' | 'SIGTERM'): Play =>
  async (scene, runs, random) => {
    scene.load(WORKERS)
    await inTurn(Array.from({ length: runs }), async () => {
      const service = await scene.start()
      await sleep(random() * LONGEST_LIFE_MS)
      await scene.end(service, signal)
    })
  }

export const processFaults: readonly ProcessFault[] = [
  {
    name: 'SIGKILL at a random moment',
    runs: 200,
    shortRuns: 8,
    play: playEnds('SIGKILL'),
    verdicts: [0, 2],
  },
  {
    name: 'SIGKILL of one of two on one directory',
    runs: 20,
    shortRuns: 3,
    play: async (scene, ...rest) => {
      await scene.start()
      await playEnds('SIGKILL')(scene, ...rest)
    },
    verdicts: [0, 2],
  },
  { name: 'a restart (SIGTERM)', runs: 50, shortRuns: 4, play: playEnds('SIGTERM'), verdicts: [0] },
]
