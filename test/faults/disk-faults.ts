/** Faults of the disk, the directory and the file. */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import type { RunningServer } from '../bench/workshop.ts'
import type { Load } from './load.ts'
import type { Scene } from './scene.ts'

export interface Stage {
  readonly scene: Scene
  readonly service: RunningServer
  readonly load: Load
  /** The current audit file. */
  readonly file: string
}

export interface DiskFault {
  readonly name: string
  /** Called before the service starts; returns what undoes it at the end. */
  readonly prepare?: (scene: Scene) => () => void
  readonly env?: (scene: Scene) => Record<string, string>
  readonly harm: (stage: Stage) => void | Promise<void>
  /** Ends the fault, if it does not end by itself. */
  readonly repair?: (stage: Stage) => void
  /** Correct exit codes of `audit verify`. */
  readonly verdicts: readonly number[]
}

const run = (command: string, ...parameters: readonly string[]): string =>
  execFileSync(command, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()

export const newestFile = ({ directory }: Scene): string =>
  join(
    directory,
    readdirSync(directory)
      .filter((name) => name.startsWith('audit-'))
      .toSorted()
      .at(-1) ?? '',
  )

/** Keeps the records that the fault removes. */
const keep = ({ scene, file }: Stage): void => linkSync(file, join(scene.attic, basename(file)))

function mountMemory({ directory }: Scene): () => void {
  run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory)
  return () => void run('umount', '--lazy', directory)
}

const imageOf = ({ attic }: Scene): string => join(attic, 'image')

/** A file system with a journal, in a file. */
function mountImage(scene: Scene): () => void {
  const image = imageOf(scene)
  writeFileSync(image, '')
  truncateSync(image, 32 * 1024 * 1024)
  run('mkfs.ext4', '-q', image)
  // While it is unmounted, nothing can be written to the directory below it.
  run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', scene.directory)
  run('mount', '-o', 'loop,errors=remount-ro', image, scene.directory)
  return () => {
    run('umount', '--lazy', scene.directory)
    run('umount', '--lazy', scene.directory)
  }
}

/** While the file exists, every write of records takes three seconds. */
const slowScript = (flag: string): string => `
  import fs from 'node:fs'
  import { setTimeout } from 'node:timers/promises'
  import { promisify } from 'node:util'
  const write = promisify(fs.write)
  fs.write[promisify.custom] = async (...given) => {
    await setTimeout(fs.existsSync('${flag}') ? 3000 : 0)
    return write(...given)
  }`

const flagOf = ({ attic }: Scene): string => join(attic, 'slow')

const harmsToFiles: readonly DiskFault[] = [
  {
    name: 'the file is removed',
    harm: (stage) => {
      keep(stage)
      rmSync(stage.file)
    },
    verdicts: [1],
  },
  {
    name: 'the file is renamed',
    harm: ({ file }) => renameSync(file, `${file}.1`),
    verdicts: [1],
  },
  {
    name: 'the file is cut',
    harm: async ({ scene, file, load }) => {
      await load.pause()
      copyFileSync(file, join(scene.attic, basename(file)))
      truncateSync(file, 1_000)
      load.resume()
    },
    verdicts: [1],
  },
  {
    name: 'a pipe takes the place of the file',
    harm: (stage) => {
      keep(stage)
      rmSync(stage.file)
      run('mkfifo', stage.file)
    },
    verdicts: [1, 3],
  },
  {
    name: 'a link takes the place of the file',
    harm: ({ file }) => {
      renameSync(file, `${file}.1`)
      symlinkSync(`${basename(file)}.1`, file)
    },
    verdicts: [0, 1, 3],
  },
  {
    name: 'the directory is removed',
    harm: (stage) => {
      keep(stage)
      rmSync(stage.scene.directory, { recursive: true })
    },
    verdicts: [1],
  },
  {
    name: 'the directory is moved away',
    harm: ({ scene }) => {
      renameSync(scene.directory, join(scene.attic, 'moved'))
      mkdirSync(scene.directory)
    },
    verdicts: [1],
  },
]

const faultsOfDisks: readonly DiskFault[] = [
  {
    name: 'the disk is full (ENOSPC)',
    prepare: mountMemory,
    harm: ({ scene }) => {
      try {
        writeFileSync(join(scene.directory, 'filler'), Buffer.alloc(4 * 1024 * 1024))
      } catch {
        // The disk is full now.
      }
    },
    repair: ({ scene }) => rmSync(join(scene.directory, 'filler')),
    verdicts: [0, 2],
  },
  {
    name: 'the file system turns read-only (EROFS)',
    prepare: mountImage,
    harm: ({ scene }) => {
      const device = basename(run('findmnt', '-no', 'SOURCE', scene.directory))
      writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'fault campaign')
    },
    repair: ({ scene }) => {
      run('umount', scene.directory)
      try {
        run('e2fsck', '-fy', imageOf(scene))
      } catch {
        // Its exit code says that it repaired something.
      }
      run('mount', '-o', 'loop,errors=remount-ro', imageOf(scene), scene.directory)
    },
    verdicts: [0, 2],
  },
  {
    name: 'the file may not grow (EFBIG)',
    harm: ({ service }) => void run('prlimit', '--pid', String(service.pid), '--fsize=65536:unlimited'),
    repair: ({ service }) => void run('prlimit', '--pid', String(service.pid), '--fsize=unlimited'),
    verdicts: [0, 2],
  },
  {
    name: 'the disk hangs',
    prepare: mountImage,
    harm: ({ scene }) => void run('fsfreeze', '--freeze', scene.directory),
    repair: ({ scene }) => void run('fsfreeze', '--unfreeze', scene.directory),
    verdicts: [0, 2],
  },
  {
    name: 'a write takes three seconds',
    env: (scene) => ({
      NODE_OPTIONS: `--import ${JSON.stringify(`data:text/javascript,${encodeURIComponent(slowScript(flagOf(scene)))}`)}`,
    }),
    harm: ({ scene }) => writeFileSync(flagOf(scene), ''),
    repair: ({ scene }) => rmSync(flagOf(scene)),
    verdicts: [0, 2],
  },
]

export const diskFaults: readonly DiskFault[] = [...faultsOfDisks, ...harmsToFiles]
