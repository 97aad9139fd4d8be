import type { Command } from 'commander'

import { CLIENT, contextOf, refuseUnknownIn, withExamples, withSettings } from './options.ts'

/** Adds `proxy` and what it can do. */
export function addProxy(program: Command): void {
  const proxy = program.command('proxy').description('your personal proxy')
  const show = withSettings(proxy.command('show', { isDefault: true }), CLIENT)
    .description('show it, masked')
    .allowExcessArguments()
    .action(async (_flags, command: Command) => {
      refuseUnknownIn(proxy, command.args)
      const { showProxy } = await import('#cli/commands/proxy.ts')
      await showProxy(await contextOf(command))
    })
  withExamples(show, 'runtimeconfig proxy show')
  const set = withSettings(proxy.command('set [file]'), CLIENT)
    .description('save it; the URL is read from the file or stdin, because arguments show in process lists')
    .action(async (file: string | undefined, _flags, command: Command) => {
      const { setProxy } = await import('#cli/commands/proxy.ts')
      await setProxy(await contextOf(command), file ?? null)
    })
  withExamples(set, "runtimeconfig proxy set <<< 'http://user:password@proxy.example:3128'")
  const clear = withSettings(proxy.command('clear'), CLIENT)
    .description('forget it, and switch its use off everywhere')
    .action(async (_flags, command: Command) => {
      const { clearProxy } = await import('#cli/commands/proxy.ts')
      await clearProxy(await contextOf(command))
    })
  withExamples(clear, 'runtimeconfig proxy clear')
  const test = withSettings(proxy.command('test <device>'), CLIENT)
    .description('let a device of yours try it and say what it found; exits with 1 if it does not work there')
    .action(async (device: string, _flags, command: Command) => {
      const { testProxy } = await import('#cli/commands/proxy.ts')
      await testProxy(await contextOf(command), device)
    })
  withExamples(test, 'runtimeconfig proxy test laptop')
}
