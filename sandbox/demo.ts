/** `npm run demo`: starts the sandbox and the service in one process. */
import { refuseToRun, runService } from '../src/cli/serve.ts'
import { readEnvironment } from '../src/config.ts'
import { startDemo } from './demo-settings.ts'

const { environment, toInvitation, close } = await startDemo(readEnvironment())
const { url } = await runService(environment, close).catch(refuseToRun)
process.stdout.on('error', () => undefined).write(toInvitation(url))
