import { createLogger } from '#cli/logger.ts'
import { resolveSettings } from '#cli/resolve-settings.ts'
import { startServer } from '#cli/server.ts'
import { systemClock } from '#cli/system-clock.ts'

import { serveControl } from './control.ts'

// The product as one replica of `runtimeconfig serve --store kubernetes`; only the benchmark's questions are added.
// argv: the settings that differ from the usual ones, as JSON
const flags = JSON.parse(process.argv[2] ?? '{}') as Readonly<Record<string, string>>
const { settings } = resolveSettings({ flags, environment: { HOME: flags['data'] ?? '' }, file: null })
const logger = createLogger({ level: 'error', format: 'json', stream: process.stderr })
// A benchmark floods on purpose; everything that counts and compares stays in place, only the numbers are larger.
const plenty = { perSecond: 1e9, burst: 1e9 }
const deviceLimits = { eventsPerDevice: plenty, bytesPerDevice: plenty, connectsPerUser: plenty }
const server = await startServer({ settings, clock: systemClock, logger, deviceLimits })
serveControl({ address: server.address, data: flags['data'] }, () => server.stop())
