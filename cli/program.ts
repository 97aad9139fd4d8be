import { Command } from 'commander'

import { addAgent } from './program/agent.ts'
import { addDevices } from './program/devices.ts'
import { addKeys } from './program/keys.ts'
import { addLayers } from './program/layers.ts'
import { addMachine } from './program/machine.ts'
import { addProxy } from './program/proxy.ts'
import { addRuntimes } from './program/runtimes.ts'
import { addServer } from './program/server.ts'
import { addToken } from './program/token.ts'
import { addUsers } from './program/users.ts'
import { VERSION } from './version.ts'

const EXAMPLES = `
Examples:
  runtimeconfig demo                                 see the whole story on this machine in seconds
  runtimeconfig serve                                start the server
  runtimeconfig token create --user alice --save     make a token and keep it for the other commands
  runtimeconfig runtimes upload codex ~/.codex/auth.json --enable
  runtimeconfig token create --device laptop --save laptop.token
  runtimeconfig agent --token-file laptop.token --device-id laptop     on the device
  runtimeconfig explain laptop codex                 why is it as it is?
  runtimeconfig layers                               which setting of codex applies here, and who set it?`

const EXIT_CODES = `
Exit codes:
  0 done · 1 refused or failed · 64 the command line is wrong · 69 no server, or the store is in use
  70 a bug · 77 the token is missing or does not allow this · 78 a setting is wrong`

/** Makes the command line. Each command's code is loaded only when that command runs, so that `--help` and the agent start fast. */
export function createProgram(): Command {
  const program = new Command('runtimeconfig')
    .description(
      'Keeps one encrypted copy of a coding-agent login, proxy and config, and makes every device match it.',
    )
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', `${EXAMPLES}\n${EXIT_CODES}`)
  addServer(program)
  addAgent(program)
  addToken(program)
  addDevices(program)
  addRuntimes(program)
  addProxy(program)
  addUsers(program)
  addKeys(program)
  addLayers(program)
  addMachine(program)
  return program
}
