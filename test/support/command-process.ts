// Our agent's commands in a process of their own, without a server: `once` prints one answer, `loop` writes the file and
// takes it away again until it is killed.
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { openHome } from '#agent/home.ts'

import { aFileDeps, aRunner } from './command-devices.ts'

const [mode, home = '', state = '', key = ''] = process.argv.slice(2)
const env = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
)
const runner = aRunner(aFileDeps(openHome(home, process.env), state))

if (mode === 'once') {
  const reply = await runner.run({ command_key: key, env })
  process.stdout.write(reply.stdout)
  process.exitCode = reply.exit_code
} else {
  process.stdout.write('ready\n')
  for (;;) {
    await runner.run({ command_key: key, env })
    rmSync(join(home, '.codex'), { recursive: true, force: true })
  }
}
