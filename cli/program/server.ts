import type { Command } from 'commander'

import type { DemoFlags } from '#cli/commands/demo.ts'
import { settingNames } from '#cli/settings.ts'

import { CLIENT, contextOf, refuseUsage, withExamples, withOutput, withSettings } from './options.ts'

const SERVER = settingNames().filter((name) => !CLIENT.includes(name))

/** Adds `serve` and `demo`. */
export function addServer(program: Command): void {
  const serve = withSettings(program.command('serve'), SERVER)
    .description('start the server: HTTP API, device channel and reconcile loop in one process')
    .action(async (_flags, command: Command) => {
      const { serve } = await import('#cli/commands/serve.ts')
      await serve(await contextOf(command))
    })
  withExamples(
    serve,
    'runtimeconfig serve',
    'runtimeconfig serve --listen 0.0.0.0:8080 --data /var/lib/runtimeconfig',
  )
  const demo = withOutput(program.command('demo'))
    .description('play the whole story: a server and four agents in temporary homes, cleaned up afterwards')
    .option('--keep', 'leave everything running afterwards, until Ctrl-C')
    .option(
      '--cluster',
      'keep everything in a Kubernetes API server of its own, as a service account of the chart',
    )
    .option('--kubeconfig <file>', 'with --cluster: use this cluster instead, where nobody is a user yet')
    .addHelpText('after', '\nExits with 1 if anything came out differently.')
    .action(async (flags: DemoFlags, command: Command) => {
      if (flags.kubeconfig !== undefined && !flags.cluster)
        refuseUsage(command, '--kubeconfig is for --cluster; add that, or leave this out')
      const { demo } = await import('#cli/commands/demo.ts')
      await demo(await contextOf(command), flags)
    })
  withExamples(
    demo,
    'runtimeconfig demo',
    'runtimeconfig demo --keep',
    'KUBEBUILDER_ASSETS=/usr/local/kubebuilder/bin runtimeconfig demo --cluster',
  )
}
