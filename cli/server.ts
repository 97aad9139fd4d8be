import { once } from 'node:events'
import { createServer, type Server } from 'node:http'

import { collectDefaultMetrics, Registry } from 'prom-client'

import { type Authenticator, createAuthenticator } from '#api/authenticate.ts'
import { createDeviceTokenService } from '#api/device-tokens.ts'
import { createDeviceGateway, type DeviceGateway } from '#api/devices/gateway.ts'
import type { DeviceLimits } from '#api/devices/limits.ts'
import type { HealthCheck } from '#api/health.ts'
import { configureHttpServer, HTTP_SERVER_OPTIONS } from '#api/http-server.ts'
import type { Logger } from '#api/logger.ts'
import { DEFAULT_RATE_LIMITS } from '#api/rate-limit.ts'
import { createApp } from '#api/server.ts'
import { createManager, type Manager } from '#controller/manager.ts'
import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { createDeviceKeys, type DeviceKeys } from '#secrets/device-key.ts'
import { createSealer, type Sealer } from '#secrets/seal.ts'

import { installBuiltInRuntimes } from './built-in-runtimes.ts'
import { type Caches, createCaches } from './caches.ts'
import { readLegacyReader } from './legacy-key.ts'
import { openLoopWatch } from './loop-watch.ts'
import type { Settings } from './resolve-settings.ts'
import type { Foundation, FoundationDeps } from './server/foundation.ts'
import { registerWatchAge } from './watch-age.ts'

/** What a server is started from. */
export interface ServerDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  /** What differs from the usual limits of the device channel. */
  readonly deviceLimits?: Partial<DeviceLimits>
}

/** A server that answers. */
export interface RunningServer {
  /** Where it listens: `http://host:port`. */
  readonly address: string
  /** Stops accepting, finishes commands in hand, flushes and closes the store; bounded to 30 s by its parts. */
  stop(): Promise<void>
}

/** The parts of a server, wired. */
interface Parts extends ServerDeps {
  readonly registry: Registry
  readonly authenticator: Authenticator
  readonly deviceKeys: DeviceKeys
  readonly sealer: Sealer
  readonly foundation: Foundation
  readonly caches: Caches
}

/**
 * Starts a server: store, keys, caches, device channel, reconcile loop, HTTP.
 *
 * @throws AppError `KEYRING_UNUSABLE`, `STORE_LOCKED`, `STORE_DAMAGED`, or `SETTING_INVALID` when the address is taken
 */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const stopping = new AbortController()
  const parts = await openParts(deps, stopping.signal)
  const gateway = openGateway(parts)
  const manager = openManager(parts, gateway)
  const loop = openLoopWatch()
  const http = openHttp(parts, {
    gateway,
    manager,
    livenessChecks: [loop.check, { name: 'reconcile', check: () => manager.checkAlive() }],
  })
  const stop = async (): Promise<void> => {
    const closed = http.listening ? once(http, 'close') : Promise.resolve()
    http.close()
    http.closeIdleConnections()
    await gateway.close()
    await manager.stop()
    await parts.foundation.release()
    await drain(http, closed)
    stopping.abort()
    loop.stop()
    await parts.foundation.close()
  }
  try {
    await manager.start(stopping.signal)
    return { address: await listen(http, deps.settings.listen), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

const DRAIN_MS = 5000
const SWEEP_MS = 20

/** Lets requests in hand be answered; one that takes longer is cut off. */
async function drain(http: Server, closed: Promise<unknown>): Promise<void> {
  // A connection that is kept alive after its answer would hold the server open.
  const sweep = setInterval(() => http.closeIdleConnections(), SWEEP_MS)
  const cut = setTimeout(() => http.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(cut)
}

async function openParts(deps: ServerDeps, signal: AbortSignal): Promise<Parts> {
  const { settings, clock } = deps
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const legacy = await readLegacyReader(settings['legacy-key'])
  const foundation = await openFoundation({ ...deps, registry })
  const { store, users, tokens, keyring, signingKey, moreVerifiers } = foundation
  const sealer = createSealer(keyring, legacy === null ? {} : { legacy })
  const caches = createCaches({ store, users }, clock)
  registerWatchAge(registry, caches)
  await installBuiltInRuntimes(store)
  await caches.start(signal)
  await foundation.start(signal)
  const { findUser } = caches
  const authenticator = createAuthenticator({ users, tokens, signingKey, clock, findUser, moreVerifiers })
  return {
    ...deps,
    registry,
    authenticator,
    deviceKeys: createDeviceKeys(keyring),
    sealer,
    foundation,
    caches,
  }
}

// Each loads what only it needs: a cluster's client is as large as everything else together.
async function openFoundation(deps: FoundationDeps): Promise<Foundation> {
  const { openEmbedded } = await import('./server/embedded.ts')
  return openEmbedded(deps)
}

function openGateway({
  caches,
  authenticator,
  deviceKeys,
  clock,
  logger,
  registry,
  deviceLimits,
}: Parts): DeviceGateway {
  const gateway = createDeviceGateway({
    authenticator,
    deviceKeys,
    runtimes: caches.runtimes,
    clock,
    logger,
    metrics: registry,
    limits: deviceLimits ?? {},
  })
  caches.objects.onChange('Runtime', () => gateway.announceRuntimes())
  return gateway
}

function openManager(
  { foundation, caches, sealer, deviceKeys, clock, logger, registry }: Parts,
  gateway: DeviceGateway,
): Manager {
  return createManager({
    ...foundation.forManager,
    store: foundation.store,
    cache: caches.objects,
    users: caches.users,
    sealer,
    deviceKeys,
    channel: gateway.channel,
    reports: gateway.reports,
    clock,
    random: Math.random,
    logger,
    registry,
  })
}

interface Behind {
  readonly gateway: DeviceGateway
  readonly manager: Manager
  readonly livenessChecks: readonly HealthCheck[]
}

function openHttp(parts: Parts, { gateway, manager, livenessChecks }: Behind): Server {
  const { settings, foundation, caches, clock } = parts
  const { store, users, tokens } = foundation
  const app = createApp({
    ...parts,
    store,
    users,
    tokens,
    caches: caches.forApi,
    deviceTokens: createDeviceTokenService({ tokens, clock }),
    commands: gateway.channel,
    directory: gateway.reports,
    authSync: manager.authSync,
    trustProxy: settings['trust-proxy'] === 'none' ? false : settings['trust-proxy'],
    limits: {
      rates: {
        ...DEFAULT_RATE_LIMITS,
        user: { requests: settings['requests-per-minute'], windowSeconds: 60 },
      },
    },
    livenessChecks,
    readinessChecks: [caches.readiness],
  })
  const server = createServer(HTTP_SERVER_OPTIONS, app)
  configureHttpServer(server)
  gateway.attach(server)
  return server
}

async function listen(server: Server, { host, port }: Settings['listen']): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      `expected ${host}:${port} to be a free address of this machine; name another with --listen`,
      { cause },
    )
  }
  const bound = server.address()
  const actual = bound !== null && typeof bound === 'object' ? bound.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}
