import { presetsJsonSchema } from '../presets/schema/file.ts'
import { parseArguments } from './arguments.ts'
import { type Command, toJson } from './command.ts'

/** `realtime-mint schema`: the JSON Schema of the presets file. */
export const runSchema: Command = async (args, { write }) => {
  parseArguments(args, {})
  await write(toJson(presetsJsonSchema()))
  return 0
}
