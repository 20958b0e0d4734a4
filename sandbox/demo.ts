/** `npm run demo`: starts the sandbox and the service in one process. */
import { runProgram } from '../src/cli/exit.ts'
import { runService } from '../src/cli/serve.ts'
import { readEnvironment } from '../src/config.ts'
import { startDemo } from './demo-settings.ts'

await runProgram(async (program) => {
  const given = readEnvironment()
  const { environment, adjust, extend, toInvitation, close } = await startDemo(given.environment)
  const service = await runService({
    environment,
    adjust,
    extend,
    environmentWarnings: given.warnings,
    whenDrained: close,
    ...program,
  })
  process.stdout.write(toInvitation(service))
})
