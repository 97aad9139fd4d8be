import type { Command } from 'commander'

import { settingNames } from '#cli/settings.ts'

import { contextOf, withExamples, withSettings } from './options.ts'

/** Adds `config` and `doctor`, which look at this machine. */
export function addMachine(program: Command): void {
  const config = withSettings(program.command('config'), settingNames())
    .description('show every setting, its value and where it came from')
    .action(async (_flags, command: Command) => {
      const { showConfig } = await import('#cli/commands/config.ts')
      showConfig(await contextOf(command))
    })
  withExamples(config, 'runtimeconfig config', 'RUNTIMECONFIG_LISTEN=0.0.0.0:80 runtimeconfig config')
  const doctor = withSettings(program.command('doctor'), settingNames())
    .description('look for what is wrong on this machine and say what to do; changes nothing')
    .action(async (_flags, command: Command) => {
      const { doctor } = await import('#cli/commands/doctor.ts')
      await doctor(await contextOf(command))
    })
  withExamples(doctor, 'runtimeconfig doctor', 'runtimeconfig doctor --server https://config.example')
}
