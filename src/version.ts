import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { ROOT } from './root.ts'

const manifest = z.object({ version: z.string() })

/** The version of this package. */
export const readVersion = (): string =>
  manifest.parse(JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'))).version
