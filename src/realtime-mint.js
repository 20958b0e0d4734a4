#!/usr/bin/env node
// The package's bin. Plain JavaScript, so that an old Node can still print which version is needed.
import { existsSync } from 'node:fs'

// Without a listener, this signal would open a debugger, and with it the key.
process.on('SIGUSR1', () => undefined)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `realtime-mint needs Node 22.19 or newer, and this is ${process.versions.node}: run "npm ci" and start it with "npm start".\n`,
  )
  process.exit(78)
}
// A checkout has the sources, which run as they are. The package and the image have compiled files and no sandbox.
// The demo takes no arguments: with any, the program explains itself.
const program = !existsSync(new URL('main.ts', import.meta.url))
  ? '../dist/main.js'
  : process.argv[2] === 'demo' && process.argv.length === 3
    ? '../sandbox/demo.ts'
    : './main.ts'
await import(program)
