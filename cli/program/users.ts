import type { Command } from 'commander'

import { CLIENT, contextOf, refuseUnknownIn, withExamples, withSettings } from './options.ts'

const SWITCHES = [
  ['deactivate', 'lock somebody out: their tokens are refused and their devices disconnected', false],
  ['activate', 'let somebody in again', true],
] as const

/** Adds `users` and what it can do, for administrators. */
export function addUsers(program: Command): void {
  const users = program
    .command('users')
    .description('who there is; for administrators (a token with the scope admin)')
  const list = withSettings(users.command('list', { isDefault: true }), CLIENT)
    .description('list everybody, deactivated users included')
    .allowExcessArguments()
    .action(async (_flags, command: Command) => {
      refuseUnknownIn(users, command.args)
      const { listUsers } = await import('#cli/commands/users.ts')
      await listUsers(await contextOf(command))
    })
  withExamples(
    list,
    'runtimeconfig token create --user root --scope admin --save admin.token',
    'runtimeconfig users list --token-file admin.token',
  )
  for (const [name, description, isActive] of SWITCHES) {
    const change = withSettings(users.command(`${name} <name>`), CLIENT)
      .description(description)
      .action(async (user: string, _flags, command: Command) => {
        const { setUserActive } = await import('#cli/commands/users.ts')
        await setUserActive(await contextOf(command), { user, isActive })
      })
    withExamples(change, `runtimeconfig users ${name} bob --token-file admin.token`)
  }
}
