import { z } from 'zod'
import { presetsFile } from './file.ts'

/**
 * The JSON Schema (draft 2020-12) of the presets file, for editors. Generated from what the service checks with, so it
 * says the same; rules that JSON Schema cannot say are left to the service.
 */
export function presetsJsonSchema(): object {
  return { title: 'realtime-mint presets', ...z.toJSONSchema(presetsFile, { io: 'input' }) }
}
