// Our agent's commands in a process of their own, without a server: `once` prints one answer, `loop` writes the file and
// takes it away again until it is killed, `count` replaces it by newer and newer documents, from `START` on, until then.
import { rmSync } from 'node:fs'
import { join } from 'node:path'

import { openHome } from '#agent/home.ts'
import { COMMAND_ENV } from '#protocol/command-env.ts'

import { aFileDeps, aRunner } from './command-devices.ts'

const [mode, home = '', state = '', key = ''] = process.argv.slice(2)
const env = Object.fromEntries(
  Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
)
const deps = aFileDeps(openHome(home, process.env), state)
const runner = aRunner(deps)

if (mode === 'once') {
  const reply = await runner.run({ command_key: key, env })
  process.stdout.write(reply.stdout)
  process.exitCode = reply.exit_code
} else if (mode === 'count') {
  process.stdout.write('ready\n')
  for (let number = Number(process.env['START']); ; number += 1) {
    const content = { [COMMAND_ENV.content]: `{"number":${number}}` }
    const written = deps.facts && deps.written.digest('codex', deps.facts)
    const replace = written === null ? {} : { [COMMAND_ENV.replaceDigest]: written }
    const numbered = { [COMMAND_ENV.documentNumber]: String(number) }
    await runner.run({ command_key: key, env: { ...env, ...content, ...replace, ...numbered } })
    // Every third is taken away again, by the owner of the device.
    if (number % 3 === 0) rmSync(join(home, '.codex'), { recursive: true, force: true })
  }
} else {
  process.stdout.write('ready\n')
  for (;;) {
    await runner.run({ command_key: key, env })
    rmSync(join(home, '.codex'), { recursive: true, force: true })
  }
}
