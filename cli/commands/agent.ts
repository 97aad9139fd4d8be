import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { resolve } from 'node:path'

import { runAgent } from '#agent/main.ts'
import { processLister } from '#agent/processes.ts'
import { readTokenFile } from '#cli/client.ts'
import type { Context } from '#cli/context.ts'
import { createLightLogger } from '#cli/light-logger.ts'
import { VERSION } from '#cli/version.ts'
import { AppError } from '#core/errors.ts'
import { normalFormOf } from '#core/normal-form.ts'

/** Flags of `agent`. */
export interface AgentFlags {
  readonly home?: string
  readonly state?: string
  readonly deviceId?: string
  readonly name?: string
  readonly type?: 'local' | 'app' | 'cloud' | 'remote'
}

/** Runs the agent until SIGINT or SIGTERM; the command in hand is finished first. */
export async function agent(context: Context, flags: AgentFlags): Promise<void> {
  const { settings, output, clock, environment } = context
  const signal = context.untilStopped()
  // A token that is not there is a mistake of today; one that disappears later may come back.
  await readTokenFile(settings['token-file'])
  const logger = createLightLogger({
    level: settings['log-level'],
    format: settings['log-format'],
    stream: process.stderr,
    now: () => clock.now(),
  })
  const homeFolder = resolve(flags.home ?? homedir())
  await requireFolder(homeFolder)
  const options = {
    serverUrl: settings.server,
    readToken: async () => (await readTokenFile(settings['token-file'])).open(),
    homeFolder,
    environment,
    version: VERSION,
    signal,
    ...(flags.state === undefined ? {} : { stateFolder: resolve(flags.state) }),
    ...(flags.deviceId === undefined ? {} : { deviceId: flags.deviceId }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.type === undefined ? {} : { deviceType: flags.type }),
  }
  const { deviceId, stopped } = await runAgent(options, {
    clock,
    logger,
    normalFormOf,
    listProcesses: processLister(process.platform),
    random: Math.random,
  })
  output.event({ device_id: deviceId, server: settings.server, home: homeFolder })
  output.print(
    `runtimeconfig agent ${VERSION}: device ${deviceId} looks after ${homeFolder} for ${settings.server}`,
  )
  await stopped
}

// A misspelt one would be made, and a login written where nobody looks for it.
async function requireFolder(home: string): Promise<void> {
  const isFolder = await stat(home).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
  if (isFolder) return
  throw new AppError(
    'SETTING_INVALID',
    `--home: expected a folder that is there, got ${JSON.stringify(home)}`,
  )
}
