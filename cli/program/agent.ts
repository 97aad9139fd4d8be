import { type Command, Option } from 'commander'

import type { AgentFlags } from '#cli/commands/agent.ts'

import { CLIENT, contextOf, LOGS, shortText, withExamples, withSettings } from './options.ts'

/** Adds `agent`. */
export function addAgent(program: Command): void {
  const agent = withSettings(program.command('agent'), [...CLIENT, ...LOGS])
    .description('run on a device: report its files and obey the four commands')
    .option('--home <folder>', 'home folder to keep files in (default: your own)')
    .option(
      '--state <folder>',
      'folder for what the agent remembers (default: ~/.local/state/runtimeconfig-agent)',
    )
    .option(
      '--device-id <id>',
      'id of this device; the one its token was made for (default: made at the first start, as <host>-<8 hex>, and kept in --state)',
      shortText,
    )
    .option('--name <name>', 'name people see (default: the host name)', shortText)
    .addOption(
      new Option('--type <type>', 'kind of device')
        .choices(['local', 'app', 'cloud', 'remote'])
        .default('local'),
    )
    .action(async (flags: AgentFlags, command: Command) => {
      const { agent } = await import('#cli/commands/agent.ts')
      await agent(await contextOf(command), flags)
    })
  withExamples(
    agent,
    'runtimeconfig agent --server https://config.example --token-file ~/laptop.token --device-id laptop',
    'runtimeconfig agent --device-id build-7 --type cloud --token-file /run/secrets/token',
  )
}
