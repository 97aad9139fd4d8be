import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createLogger } from '#cli/logger.ts'
import { resolveSettings } from '#cli/resolve-settings.ts'
import { startServer } from '#cli/server.ts'
import { systemClock } from '#cli/system-clock.ts'

import { serveControl } from './control.ts'

// The product as `runtimeconfig serve` runs it, with a store on disk; only the benchmark's questions are added.
const data = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-'))
const flags = { data, listen: '127.0.0.1:0', 'requests-per-minute': '100000000' }
const { settings } = resolveSettings({ flags, environment: { HOME: data }, file: null })
const logger = createLogger({ level: 'warn', format: 'json', stream: process.stderr })
// A benchmark floods on purpose; everything that counts and compares stays in place, only the numbers are larger.
const plenty = { perSecond: 1e9, burst: 1e9 }
const deviceLimits = { eventsPerDevice: plenty, bytesPerDevice: plenty, connectsPerUser: plenty }
const server = await startServer({ settings, clock: systemClock, logger, deviceLimits })
const stop = async (): Promise<void> => {
  await server.stop()
  await rm(data, { recursive: true, force: true })
}
serveControl({ address: server.address, data }, stop)
