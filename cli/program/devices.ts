import type { Command } from 'commander'

import { CLIENT, contextOf, withExamples, withSettings } from './options.ts'

/** Adds `devices` and `explain`. */
export function addDevices(program: Command): void {
  const devices = withSettings(program.command('devices'), CLIENT)
    .description('show your devices and what is true of each runtime on them')
    .action(async (_flags, command: Command) => {
      const { listDevices } = await import('#cli/commands/devices.ts')
      await listDevices(await contextOf(command))
    })
  withExamples(devices, 'runtimeconfig devices', 'runtimeconfig devices --output json')
  const explain = withSettings(program.command('explain <device> <runtime>'), CLIENT)
    .description(
      'say why a runtime on a device is as it is: every gate, the next attempt, and what would help',
    )
    .action(async function explainAction(this: Command, device: string, runtime: string) {
      const { explain } = await import('#cli/commands/devices.ts')
      await explain(await contextOf(this), { device, runtime })
    })
  withExamples(explain, 'runtimeconfig explain laptop codex')
}
