import type { Command } from 'commander'

import { contextOf, withExamples, withOutput } from './options.ts'

/** Adds `keys create`, `keys add` and `keys list`. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('make and look at the keys that a cluster mounts')
  const create = withOutput(keys.command('create <folder>'))
    .description('make the keys of a new installation: keyring.json and signing-key.pem, for a Secret')
    .action(async (folder: string, _flags, command: Command) => {
      const { createKeys } = await import('#cli/commands/keys.ts')
      await createKeys(await contextOf(command), folder)
    })
  withExamples(create, 'runtimeconfig keys create keys')
  const add = keys
    .command('add [file]')
    .description('read a keyring (or stdin) and write it to stdout with a new key, which seals from then on')
    .action(async (file: string | undefined, _flags, command: Command) => {
      const { addKey } = await import('#cli/commands/keys.ts')
      await addKey(await contextOf(command), file ?? null)
    })
  withExamples(add, 'runtimeconfig keys add keyring.json > new/keyring.json')
  const list = withOutput(keys.command('list [file]'))
    .description('show which keys a keyring (or stdin) has; never the keys themselves')
    .action(async (file: string | undefined, _flags, command: Command) => {
      const { listKeys } = await import('#cli/commands/keys.ts')
      await listKeys(await contextOf(command), file ?? null)
    })
  withExamples(list, 'runtimeconfig keys list keyring.json')
}
