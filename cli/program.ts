import { Command, Option } from 'commander'

import { type Context, createContext, type GlobalFlags } from './context.ts'
import { SETTINGS, type SettingName, variableOf } from './settings.ts'
import { VERSION } from './version.ts'

const CLIENT: readonly SettingName[] = ['server', 'token-file']
const LOGS: readonly SettingName[] = ['log-level', 'log-format']
const SERVER: readonly SettingName[] = [
  'data',
  'listen',
  'trust-proxy',
  'requests-per-minute',
  'legacy-key',
  ...LOGS,
]

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
    .addHelpText(
      'after',
      `
Examples:
  runtimeconfig demo                                 see the whole story on this machine in seconds
  runtimeconfig serve                                start the server
  runtimeconfig token create --user alice --save     make a token and keep it for the other commands
  runtimeconfig runtimes upload codex ~/.codex/auth.json --enable
  runtimeconfig token create --device laptop > laptop.token
  runtimeconfig agent --token-file laptop.token      on the device
  runtimeconfig explain laptop codex                 why is it as it is?
${EXIT_CODES}`,
    )
  addServe(program)
  addAgent(program)
  addDemo(program)
  addToken(program)
  addDevices(program)
  addRuntimes(program)
  addProxy(program)
  addConfigAndDoctor(program)
  return program
}

function addServe(program: Command): void {
  withSettings(program.command('serve'), SERVER)
    .description('start the server: HTTP API, device channel and reconcile loop in one process')
    .addHelpText(
      'after',
      '\nExamples:\n  runtimeconfig serve\n  runtimeconfig serve --listen 0.0.0.0:8080 --data /var/lib/runtimeconfig',
    )
    .action(async (_flags, command: Command) => {
      const { serve } = await import('./commands/serve.ts')
      await serve(await contextOf(command))
    })
}

function addAgent(program: Command): void {
  withSettings(program.command('agent'), [...CLIENT, ...LOGS])
    .description('run on a device: report its files and obey the four commands')
    .option('--home <folder>', 'home folder to keep files in (default: your own)')
    .option(
      '--state <folder>',
      'folder for what the agent remembers (default: ~/.local/state/runtimeconfig-agent)',
    )
    .option('--device-id <id>', 'id of this device (default: the host name)')
    .option('--name <name>', 'name people see (default: the host name)')
    .addOption(
      new Option('--type <type>', 'kind of device')
        .choices(['local', 'app', 'cloud', 'remote'])
        .default('local'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  runtimeconfig agent --server https://config.example --token-file ~/laptop.token\n  runtimeconfig agent --device-id build-7 --type cloud --token-file /run/secrets/token',
    )
    .action(async (flags: Readonly<Record<string, string>>, command: Command) => {
      const { agent } = await import('./commands/agent.ts')
      await agent(await contextOf(command), flags)
    })
}

function addDemo(program: Command): void {
  withOutput(program.command('demo'))
    .description('play the whole story: a server and four agents in temporary homes, cleaned up afterwards')
    .option('--keep', 'leave everything running afterwards, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExits with 1 if anything came out differently.\n\nExamples:\n  runtimeconfig demo\n  runtimeconfig demo --keep',
    )
    .action(async (flags: { keep?: boolean }, command: Command) => {
      const { demo } = await import('./commands/demo.ts')
      await demo(await contextOf(command), { keep: flags.keep === true })
    })
}

function addToken(program: Command): void {
  const token = program.command('token').description('make, list and revoke tokens')
  withSettings(token.command('create'), ['data', ...CLIENT])
    .description(
      "make a user's token (on the server's machine), or a device token (anywhere, with a user's token)",
    )
    .option('--user <name>', 'user the token is for; signed with the key in --data')
    .option('--scope <scope...>', 'user, execution, admin (default: user)')
    .option('--device <id>', 'make a device token that only this device may use')
    .option('--name <name>', 'name of the device token in lists (default: the device id)')
    .option(
      '--expires <duration>',
      'such as 12h, 7d, 52w (default: 30d for users; device tokens do not expire)',
    )
    .option('--save', 'keep it in --token-file instead of printing it')
    .addHelpText(
      'after',
      '\nExamples:\n  runtimeconfig token create --user alice --save\n  runtimeconfig token create --user ci --scope execution --expires 52w > ci.token\n  runtimeconfig token create --device laptop > laptop.token',
    )
    .action(async (flags, command: Command) => {
      const { createToken } = await import('./commands/token.ts')
      await createToken(await contextOf(command), flags)
    })
  withSettings(token.command('list'), CLIENT)
    .description('list device tokens; a token itself is shown only once, when it is made')
    .action(async (_flags, command: Command) => {
      const { listTokens } = await import('./commands/token.ts')
      await listTokens(await contextOf(command))
    })
  withSettings(token.command('revoke <id>'), CLIENT)
    .description('revoke a device token; its device is disconnected within a minute')
    .action(async (id: string, _flags, command: Command) => {
      const { revokeToken } = await import('./commands/token.ts')
      await revokeToken(await contextOf(command), id)
    })
}

function addDevices(program: Command): void {
  withSettings(program.command('devices'), CLIENT)
    .description('show your devices and what is true of each runtime on them')
    .addHelpText('after', '\nExamples:\n  runtimeconfig devices\n  runtimeconfig devices --output json')
    .action(async (_flags, command: Command) => {
      const { listDevices } = await import('./commands/devices.ts')
      await listDevices(await contextOf(command))
    })
  withSettings(program.command('explain <device> <runtime>'), CLIENT)
    .description(
      'say why a runtime on a device is as it is: every gate, the next attempt, and what would help',
    )
    .addHelpText('after', '\nExamples:\n  runtimeconfig explain laptop codex')
    .action(async function explainAction(this: Command, device: string, runtime: string) {
      const { explain } = await import('./commands/devices.ts')
      await explain(await contextOf(this), { device, runtime })
    })
}

function addRuntimes(program: Command): void {
  const runtimes = program
    .command('runtimes')
    .description('your login, switch and sync for each coding-agent CLI')
  withSettings(runtimes.command('list', { isDefault: true }), CLIENT)
    .description('show every runtime: stored or not, switched on or not')
    .action(async (_flags, command: Command) => {
      const { listRuntimes } = await import('./commands/runtimes.ts')
      await listRuntimes(await contextOf(command))
    })
  withSettings(runtimes.command('upload <runtime> [file]'), CLIENT)
    .description('store a login; without a file it is read from stdin')
    .option('--enable', 'switch it on as well')
    .addHelpText('after', '\nExamples:\n  runtimeconfig runtimes upload codex ~/.codex/auth.json --enable')
    .action(async function uploadAction(this: Command, runtime: string, file: string | undefined) {
      const { uploadRuntime } = await import('./commands/runtimes.ts')
      const { enable } = this.opts<{ enable?: boolean }>()
      await uploadRuntime(await contextOf(this), { runtime, file: file ?? null, enable: enable === true })
    })
  for (const [name, description] of RUNTIME_ACTIONS) {
    withSettings(runtimes.command(`${name} <runtime>`), CLIENT)
      .description(description)
      .action(async (runtime: string, _flags, command: Command) => {
        const { changeRuntime } = await import('./commands/runtimes.ts')
        await changeRuntime(await contextOf(command), { runtime, action: name })
      })
  }
}

const RUNTIME_ACTIONS = [
  ['enable', 'switch it on: every device of yours gets the file'],
  ['disable', 'switch it off'],
  ['enable-proxy', 'use your proxy for it'],
  ['disable-proxy', 'stop using your proxy for it'],
  ['remove', 'forget the stored login'],
  ['sync', 'send it to your devices now and say what each answered'],
] as const

function addProxy(program: Command): void {
  const proxy = program.command('proxy').description('your personal proxy')
  withSettings(proxy.command('show', { isDefault: true }), CLIENT)
    .description('show it, masked')
    .action(async (_flags, command: Command) => {
      const { showProxy } = await import('./commands/proxy.ts')
      await showProxy(await contextOf(command))
    })
  withSettings(proxy.command('set [file]'), CLIENT)
    .description('save it; the URL is read from the file or stdin, because arguments show in process lists')
    .addHelpText(
      'after',
      "\nExamples:\n  runtimeconfig proxy set <<< 'http://user:password@proxy.example:3128'",
    )
    .action(async (file: string | undefined, _flags, command: Command) => {
      const { setProxy } = await import('./commands/proxy.ts')
      await setProxy(await contextOf(command), file ?? null)
    })
  withSettings(proxy.command('clear'), CLIENT)
    .description('forget it, and switch its use off everywhere')
    .action(async (_flags, command: Command) => {
      const { clearProxy } = await import('./commands/proxy.ts')
      await clearProxy(await contextOf(command))
    })
}

function addConfigAndDoctor(program: Command): void {
  const everything = Object.keys(SETTINGS) as SettingName[]
  withSettings(program.command('config'), everything)
    .description('show every setting, its value and where it came from')
    .action(async (_flags, command: Command) => {
      const { showConfig } = await import('./commands/config.ts')
      showConfig(await contextOf(command))
    })
  withSettings(program.command('doctor'), everything)
    .description('look for what is wrong on this machine and say what to do')
    .action(async (_flags, command: Command) => {
      const { doctor } = await import('./commands/doctor.ts')
      await doctor(await contextOf(command))
    })
}

function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    command.option(
      `--${name} <value>`,
      `${SETTINGS[name].description}: ${SETTINGS[name].expected} [${variableOf(name)}]`,
    )
  }
  return withOutput(command).option(
    '--config <file>',
    'settings file (default: ~/.config/runtimeconfig/config.yaml)',
  )
}

function withOutput(command: Command): Command {
  return command.option('--output <format>', 'text or json', 'text')
}

async function contextOf(command: Command): Promise<Context> {
  return createContext(command.optsWithGlobals<GlobalFlags>())
}
