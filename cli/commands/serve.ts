import type { Context } from '#cli/context.ts'
import { greetingOf } from '#cli/greeting.ts'
import { createLogger } from '#cli/logger.ts'
import { startServer } from '#cli/server.ts'
import { refuseOddCombinations } from '#cli/setting-combinations.ts'
import { VERSION } from '#cli/version.ts'

/** Runs the server until SIGINT or SIGTERM. */
export async function serve(context: Context): Promise<void> {
  const { settings, output, clock, environment } = context
  const signal = context.untilStopped()
  refuseOddCombinations(context.origins)
  const logger = createLogger({
    level: settings['log-level'],
    format: settings['log-format'],
    stream: process.stderr,
  })
  const { data } = settings
  const server = await startServer({ settings, clock, logger })
  output.event({ address: server.address, version: VERSION, data })
  for (const line of greetingOf({ address: server.address, data, user: environment['USER'] }))
    output.print(line)
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  logger.info('stopping: finishing commands in hand')
  await server.stop()
  logger.info('stopped')
}
