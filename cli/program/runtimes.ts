import type { Command } from 'commander'

import { CLIENT, contextOf, refuseUnknownIn, withExamples, withSettings } from './options.ts'

const ACTIONS = [
  ['enable', 'switch it on: every device of yours gets the file'],
  ['disable', 'switch it off'],
  ['enable-proxy', 'use your proxy for it'],
  ['disable-proxy', 'stop using your proxy for it'],
  ['remove', 'forget the stored login'],
  ['sync', 'send it to your devices now and say what each answered'],
] as const

/** Adds `runtimes` and what it can do. */
export function addRuntimes(program: Command): void {
  const runtimes = program
    .command('runtimes')
    .description('your login, switch and sync for each coding-agent CLI')
  const list = withSettings(runtimes.command('list', { isDefault: true }), CLIENT)
    .description('show every runtime: stored or not, switched on or not')
    .allowExcessArguments()
    .action(async (_flags, command: Command) => {
      refuseUnknownIn(runtimes, command.args)
      const { listRuntimes } = await import('#cli/commands/runtimes.ts')
      await listRuntimes(await contextOf(command))
    })
  withExamples(list, 'runtimeconfig runtimes', 'runtimeconfig runtimes list --output json')
  addUpload(runtimes)
  addImport(runtimes)
  for (const [name, description] of ACTIONS) {
    const action = withSettings(runtimes.command(`${name} <runtime>`), CLIENT)
      .description(description)
      .action(async (runtime: string, _flags, command: Command) => {
        const { changeRuntime } = await import('#cli/commands/runtimes.ts')
        await changeRuntime(await contextOf(command), { runtime, action: name })
      })
    withExamples(action, `runtimeconfig runtimes ${name} codex`)
  }
}

function addUpload(runtimes: Command): void {
  const upload = withSettings(runtimes.command('upload <runtime> [file]'), CLIENT)
    .description('store a login; without a file it is read from stdin')
    .option('--enable', 'switch it on as well')
    .action(async function uploadAction(this: Command, runtime: string, file: string | undefined) {
      const { uploadRuntime } = await import('#cli/commands/runtimes.ts')
      const { enable } = this.opts<{ enable?: boolean }>()
      await uploadRuntime(await contextOf(this), { runtime, file: file ?? null, enable: enable === true })
    })
  withExamples(upload, 'runtimeconfig runtimes upload codex ~/.codex/auth.json --enable')
}

function addImport(runtimes: Command): void {
  const command = withSettings(runtimes.command('import <runtime> <device>'), CLIENT)
    .description('store the login that one of your devices has')
    .action(async function importAction(this: Command, runtime: string, device: string) {
      const { importRuntime } = await import('#cli/commands/runtimes.ts')
      await importRuntime(await contextOf(this), { runtime, device })
    })
  withExamples(command, 'runtimeconfig runtimes import codex laptop')
}
