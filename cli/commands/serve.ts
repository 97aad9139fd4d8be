import type { Context } from '#cli/context.ts'
import { createLogger } from '#cli/logger.ts'
import { startServer } from '#cli/server.ts'
import { VERSION } from '#cli/version.ts'

/** Runs the server until SIGINT or SIGTERM. */
export async function serve({ settings, output, clock, signal }: Context): Promise<void> {
  const logger = createLogger({
    level: settings['log-level'],
    format: settings['log-format'],
    stream: process.stderr,
  })
  const server = await startServer({ settings, clock, logger })
  output.event({ address: server.address, version: VERSION, data: settings.data })
  for (const line of greeting(server.address, settings.data)) output.print(line)
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  logger.info('stopping: finishing commands in hand')
  await server.stop()
  logger.info('stopped')
}

function greeting(address: string, data: string): readonly string[] {
  const elsewhere = address === 'http://127.0.0.1:8080' ? '' : ` --server ${address}`
  return [
    `runtimeconfig ${VERSION} is listening on ${address}; store and keys are in ${data}`,
    '',
    'Next, in another terminal:',
    `  1  runtimeconfig token create --user ${userName()} --save --data ${data}`,
    `  2  runtimeconfig runtimes upload codex ~/.codex/auth.json --enable${elsewhere}`,
    `  3  runtimeconfig token create --device laptop${elsewhere} > laptop.token`,
    '',
    'then on that device:',
    `     runtimeconfig agent --server ${address} --token-file laptop.token --device-id laptop`,
  ]
}

function userName(): string {
  const name = process.env['USER'] ?? ''
  return /^[a-zA-Z0-9._-]{1,64}$/.test(name) ? name : 'me'
}
