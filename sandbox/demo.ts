/** `npm run demo`: starts the sandbox and the service in one process. */
import { runProgram } from '../src/cli/exit.ts'
import { runService } from '../src/cli/serve.ts'
import { readEnvironment } from '../src/config.ts'
import { addDemoDay } from './demo-audit.ts'
import { startDemo } from './demo-settings.ts'

await runProgram(async (program) => {
  const given = readEnvironment()
  const { environment, auditDirectory, adjust, extend, toInvitation, close } = await startDemo(
    given.environment,
  )
  // A directory that cannot be written is a problem that the service itself reports.
  await addDemoDay(auditDirectory, Date.now()).catch(() => undefined)
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
