import type { Context } from '#cli/context.ts'
import { clusterGreetingOf, greetingOf } from '#cli/greeting.ts'
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
  const { data, store } = settings
  const server = await startServer({ settings, clock, logger, signal })
  const { address } = server
  const isCluster = store === 'kubernetes'
  // Whoever was stopped while it waited for its store never was there.
  if (!signal.aborted) {
    output.event({ address, version: VERSION, ...(!isCluster && { data }) })
    const greeting = isCluster
      ? clusterGreetingOf(address)
      : greetingOf({ address, data, user: environment['USER'] })
    for (const line of greeting) output.print(line)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
  logger.info('stopping: finishing commands in hand')
  await server.stop()
  logger.info('stopped')
}
