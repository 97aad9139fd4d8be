import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'

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
import { openKeyring } from '#secrets/keyring.ts'
import { createSealer, type Sealer } from '#secrets/seal.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { openSqliteStore, type SqliteStores } from '#store/sqlite/open.ts'

import { installBuiltInRuntimes } from './built-in-runtimes.ts'
import { type Caches, createCaches } from './caches.ts'
import { readLegacyReader } from './legacy-key.ts'
import { openLoopWatch } from './loop-watch.ts'
import type { Settings } from './resolve-settings.ts'
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
  readonly stores: SqliteStores
  readonly caches: Caches
}

/**
 * Starts the embedded server: store, keys, caches, device channel, reconcile loop, HTTP.
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
    await drain(http, closed)
    stopping.abort()
    loop.stop()
    parts.stores.close()
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
  const { settings, clock, logger } = deps
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const database = join(settings.data, 'runtimeconfig.db')
  // Beside a store that is there, a missing key is a lost key: a new one would open nothing that is stored.
  const mustExist = existsSync(database)
  const keyring = await openKeyring(join(settings.data, 'keyring.json'), { mustExist })
  const signingKey = await openSigningKey(join(settings.data, 'signing-key.pem'), { mustExist })
  const legacy = await readLegacyReader(settings['legacy-key'])
  const sealer = createSealer(keyring, legacy === null ? {} : { legacy })
  const stores = await openSqliteStore({ path: database, clock, logger })
  await installBuiltInRuntimes(stores.store)
  const caches = createCaches(stores, clock)
  registerWatchAge(registry, caches)
  await caches.start(signal)
  const authenticator = createAuthenticator({ ...stores, signingKey, clock, findUser: caches.findUser })
  return { ...deps, registry, authenticator, deviceKeys: createDeviceKeys(keyring), sealer, stores, caches }
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
  { stores, caches, sealer, deviceKeys, clock, logger, registry }: Parts,
  gateway: DeviceGateway,
): Manager {
  return createManager({
    store: stores.store,
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
  const { settings, stores, caches, clock } = parts
  const app = createApp({
    ...parts,
    ...stores,
    caches: caches.forApi,
    deviceTokens: createDeviceTokenService({ tokens: stores.tokens, clock }),
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
