import { type Command, Option } from 'commander'

import type { SetFlags, WriteFlags } from '#cli/commands/layers-write.ts'
import type { ShowFlags } from '#cli/commands/layers.ts'
import type { SourceFlags } from '#cli/layers/layer-source.ts'
import { type LayersContext, widthOf } from '#cli/layers/layers-context.ts'
import { createOutput, type Output } from '#cli/output.ts'

import { refuseUnknownIn, refuseUsage, withExamples, withOutput } from './options.ts'

const FILES = `
Files of codex, the strongest first:
  /etc/codex/managed_config.toml    managed, by an administrator
  -c, --enable, --disable           session flags
  .codex/config.toml                project, from its root down to --cwd, if the project is trusted
  ~/.codex/config.toml              user: the only one that is ever written
  /etc/codex/config.toml            system
  /etc/codex/requirements.toml      what may be set at all

Secrets (tokens, keys, passwords, URLs with a password) are shown as ••••, in JSON and TOML too, unless --show-secrets is
given. Tables are as wide as the terminal; elsewhere as wide as they come, or as COLUMNS says.`

/** Adds `layers` and what it can do. */
export function addLayers(program: Command): void {
  const layers = program
    .command('layers')
    .description('which setting of a CLI on this machine applies, who set it, and what an edit would change')
    .addHelpText(
      'after',
      '\nWithout a command it is show, whose flags are told by: runtimeconfig layers show --help\n\nExamples:\n  runtimeconfig layers\n  runtimeconfig layers --key model\n  runtimeconfig layers set model gpt-5.2',
    )
  addShow(layers)
  addSet(layers)
  addUnset(layers)
  addEdit(layers)
}

function addShow(layers: Command): void {
  const show = withSource(layers.command('show', { isDefault: true }))
    .description('show what applies and by whom, then the layers it comes from; reads only, needs no server')
    .option('-c, --set <key=value>', 'session flag, as the CLI takes it; repeatable', collect)
    .option('--enable <feature>', 'session flag: features.<feature> = true; repeatable', collect)
    .option('--disable <feature>', 'session flag: features.<feature> = false; repeatable', collect)
    .option('--settings <file>', 'session settings of claude: a file, or a JSON object')
    .addOption(
      answer('--key <path>', 'explain one key, or every key below a table: who wins, what is hidden, why'),
    )
    .addOption(answer('--origins', 'the origin of every key, exactly as the CLI itself reports it'))
    .addOption(
      answer(
        '--diff [file]',
        'what would apply if your file were this one; without a file: where what applies is not what your file says',
      ),
    )
    .addOption(
      answer('--lint', 'what is refused, hidden by a policy, unknown or secret; exits with 1 if anything is'),
    )
    .addOption(answer('--toml', 'what applies, as one TOML document'))
    .addHelpText('after', FILES)
    .allowExcessArguments()
    .action(async (flags: ShowFlags, command: Command) => {
      refuseWords(layers, command.args)
      const { showLayers } = await import('#cli/commands/layers.ts')
      await showLayers(contextOf(command), checked(flags, command))
    })
  withExamples(
    show,
    'runtimeconfig layers',
    'runtimeconfig layers show --key mcp_servers.docs',
    'runtimeconfig layers --cwd ~/src/app -c model=o3 --lint',
    'runtimeconfig layers --diff ~/new-config.toml',
    'runtimeconfig layers --runtime claude --json',
    'runtimeconfig layers --system-folder ./rollout --cli-version 0.128',
  )
}

function addSet(layers: Command): void {
  const set = withWrite(layers.command('set <key> [value]'))
    .description(
      'set a key of your own file; comments and other lines stay. VALUE is TOML, and text if it is none; without it, it is read from stdin',
    )
    .addOption(new Option('--string', 'VALUE is text, whatever it looks like').conflicts('jsonValue'))
    .addOption(new Option('--json-value', 'VALUE is JSON'))
    .option('--upsert', 'merge a table into the one that is there, instead of replacing it')
    .action(async function setAction(this: Command, key: string, value: string | undefined) {
      const { setKey } = await import('#cli/commands/layers-write.ts')
      await setKey(contextOf(this), { ...checked(this.opts<SetFlags>(), this), key, value: value ?? null })
    })
  withExamples(
    set,
    'runtimeconfig layers set model gpt-5.2',
    'runtimeconfig layers set tui.notifications true --dry-run',
    `runtimeconfig layers set mcp_servers.docs --json-value --upsert <<< '{"command":"docs"}'`,
  )
}

function addUnset(layers: Command): void {
  const unset = withWrite(layers.command('unset <key>'))
    .description('take a key out of your own file')
    .action(async function unsetAction(this: Command, key: string, flags: WriteFlags) {
      const { unsetKey } = await import('#cli/commands/layers-write.ts')
      await unsetKey(contextOf(this), { ...checked(flags, this), key })
    })
  withExamples(
    unset,
    'runtimeconfig layers unset model',
    'runtimeconfig layers unset mcp_servers.docs --dry-run',
  )
}

function addEdit(layers: Command): void {
  const edit = withWrite(layers.command('edit'))
    .description(
      'open a copy of your own file in $VISUAL or $EDITOR; it is saved when it is valid, and only if nobody else has changed the file',
    )
    .action(async (flags: WriteFlags, command: Command) => {
      const { editFile } = await import('#cli/commands/layers-edit.ts')
      await editFile(contextOf(command), checked(flags, command))
    })
  withExamples(edit, 'runtimeconfig layers edit', 'EDITOR=nano runtimeconfig layers edit --runtime claude')
}

const ANSWERS = ['key', 'origins', 'diff', 'lint', 'toml'] as const

/** A flag that asks for another answer than the overview: only one can be given. */
function answer(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.conflicts(ANSWERS.filter((name) => name !== option.attributeName()))
}

function withSource(command: Command): Command {
  return withOutput(command)
    .option('--json', 'the same as --output json')
    .addOption(new Option('--runtime <name>', 'whose layers').choices(['codex', 'claude']).default('codex'))
    .option('--cwd <folder>', 'folder that is worked in, for the layers of its project (default: this one)')
    .option('--codex-home <folder>', "folder of codex's user config (default: $CODEX_HOME, or ~/.codex)")
    .option(
      '--system-folder <folder>',
      "an administrator's files, to try them out (default: where they are, such as /etc/codex)",
    )
    .option('--cli-version <version>', 'rules of this release of codex (default: the newest that is known)')
    .option('--show-secrets', 'show secrets as they are')
}

function withWrite(command: Command): Command {
  return withSource(command)
    .option(
      '--expected-version <version>',
      'refuse if your file has another version by now; the 12 characters that are shown will do',
    )
    .option('--dry-run', 'only show what would change')
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

/** Flags of one runtime mean nothing to another: they are refused instead of being ignored. */
function checked<Flags extends SourceFlags>(flags: Flags, command: Command): Flags {
  const { runtime, codexHome, cliVersion, set, enable, disable, settings } = flags
  const isCodexOnly = [codexHome, cliVersion, set, enable, disable].some((flag) => flag !== undefined)
  if (runtime === 'claude' && isCodexOnly) {
    refuseUsage(command, '--codex-home, --cli-version, -c, --enable and --disable are for codex only')
  }
  if (runtime === 'codex' && settings !== undefined) {
    refuseUsage(command, '--settings is for claude only; expected -c key=value for codex')
  }
  return flags
}

/** A command behind flags is not seen as one. */
function refuseWords(layers: Command, words: readonly string[]): void {
  const [word = ''] = words
  const isCommand = layers.commands.some((command) => command.name() === word)
  if (isCommand) refuseUsage(layers, `expected the flags behind the command: runtimeconfig layers ${word} …`)
  refuseUnknownIn(layers, words)
}

function contextOf(command: Command): LayersContext {
  const { output, json, showSecrets } = command.opts<{
    readonly output?: Output['format']
    readonly json?: boolean
    readonly showSecrets?: boolean
  }>()
  const environment = process.env
  return {
    output: createOutput(json === true || output === 'json' ? 'json' : 'text', process),
    environment,
    width: widthOf(process.stdout.columns, environment),
    showsSecrets: showSecrets === true,
    refuse: (message) => refuseUsage(command, message),
  }
}
