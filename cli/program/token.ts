import { type Command, Option } from 'commander'

import type { TokenFlags } from '#cli/commands/token.ts'
import { parseDuration } from '#cli/duration.ts'

import { CLIENT, contextOf, refuseUsage, shortText, withExamples, withSettings } from './options.ts'

/** Adds `token create`, `token list` and `token revoke`. */
export function addToken(program: Command): void {
  const token = program.command('token').description('make, list and revoke tokens')
  addCreate(token)
  const list = withSettings(token.command('list'), CLIENT)
    .description('list device tokens; a token itself is shown only once, when it is made')
    .action(async (_flags, command: Command) => {
      const { listTokens } = await import('#cli/commands/token.ts')
      await listTokens(await contextOf(command))
    })
  withExamples(list, 'runtimeconfig token list')
  const revoke = withSettings(token.command('revoke <id>'), CLIENT)
    .description('revoke a device token; its device is disconnected within a minute')
    .action(async (id: string, _flags, command: Command) => {
      const { revokeToken } = await import('#cli/commands/token.ts')
      await revokeToken(await contextOf(command), id)
    })
  withExamples(revoke, 'runtimeconfig token list', 'runtimeconfig token revoke 4483d1877c3d1a776c8b')
}

function addCreate(token: Command): void {
  const create = withSettings(token.command('create'), ['data', 'signing-key', ...CLIENT])
    .description(
      "make a user's token (on the server's machine), or a device token (anywhere, with a user's token)",
    )
    .option(
      '--user <name>',
      'user the token is for; signed with --signing-key, or the key in --data',
      shortText,
    )
    .addOption(
      new Option('--scope <scope...>', 'what the token may be used for (default: user)').choices([
        'user',
        'execution',
        'admin',
      ]),
    )
    .addOption(
      new Option('--device <id>', 'make a device token that only this device may use')
        .argParser(shortText)
        .conflicts(['user', 'scope']),
    )
    .option('--name <name>', 'name of the device token in lists (default: the device id)', shortText)
    .option(
      '--expires <duration>',
      'such as 12h, 7d, 52w (default: 30d for users; device tokens do not expire)',
      parseDuration,
    )
    .option(
      '--save [file]',
      'keep it in a file of your own (0600) instead of printing it; for a user without a file: in --token-file',
    )
    .action(async (flags: TokenFlags, command: Command) => {
      refuseOdd(flags, command)
      const { createToken } = await import('#cli/commands/token.ts')
      await createToken(await contextOf(command), flags)
    })
  withExamples(
    create,
    'runtimeconfig token create --user alice --save',
    'runtimeconfig token create --user ci --scope execution --expires 52w > ci.token',
    'runtimeconfig token create --device laptop --save laptop.token',
  )
}

function refuseOdd({ user, device, name, save }: TokenFlags, command: Command): void {
  if (user === undefined && device === undefined) refuseUsage(command, 'expected --user NAME or --device ID')
  if (user !== undefined && name !== undefined) refuseUsage(command, '--name is for device tokens only')
  if (device !== undefined && save === true) {
    refuseUsage(
      command,
      '--save needs a file for a device token, such as --save laptop.token: it would replace your own token',
    )
  }
}
