import type { RequestListener } from 'node:http'

import { collectDefaultMetrics, Registry } from 'prom-client'

import { type Authenticator, createAuthenticator } from '#api/authenticate.ts'
import { createDeviceTokenService } from '#api/device-tokens.ts'
import { createDeviceGateway, type DeviceGateway } from '#api/devices/gateway.ts'
import type { DeviceLimits } from '#api/devices/limits.ts'
import type { HealthCheck } from '#api/health.ts'
import type { Logger } from '#api/logger.ts'
import { DEFAULT_RATE_LIMITS } from '#api/rate-limit.ts'
import { createApp } from '#api/server.ts'
import { createManager, type Manager } from '#controller/manager.ts'
import type { Clock } from '#core/clock.ts'
import { createDeviceKeys, type DeviceKeys } from '#secrets/device-key.ts'
import { createSealer, type Sealer } from '#secrets/seal.ts'

import { type Caches, createCaches } from './caches.ts'
import { readLegacyReader } from './legacy-key.ts'
import { openLoopWatch } from './loop-watch.ts'
import type { Settings } from './resolve-settings.ts'
import type { Fleet, Foundation, FoundationDeps } from './server/foundation.ts'
import { type FrontDoor, openFrontDoor } from './server/front-door.ts'
import { registerWatchAge } from './watch-age.ts'

/** What a server is started from. */
export interface ServerDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  /** What differs from the usual limits of the device channel. */
  readonly deviceLimits?: Partial<DeviceLimits>
  /** Ends the waiting for a store that is away; a server that has started is stopped by `stop`. */
  readonly signal?: AbortSignal
}

/** A server that answers. */
export interface RunningServer {
  /** Where it listens: `http://host:port`. */
  readonly address: string
  /** Stops accepting, finishes commands in hand, flushes and closes the store; bounded to 30 s by its parts. */
  stop(): Promise<void>
}

/** What a server has before it has read anything. */
interface Ground extends ServerDeps {
  readonly registry: Registry
  readonly foundation: Foundation
  readonly sealer: Sealer
  readonly deviceKeys: DeviceKeys
}

/** The parts of a server, wired. */
interface Parts extends Ground {
  readonly authenticator: Authenticator
  readonly caches: Caches
}

/**
 * Starts a server: store, keys, caches, device channel, reconcile loop, HTTP.
 *
 * @throws AppError `KEYRING_UNUSABLE`, `STORE_LOCKED`, `STORE_DAMAGED`, or `SETTING_INVALID` when the address is taken
 */
export async function startServer(deps: ServerDeps): Promise<RunningServer> {
  const ground = await layGround(deps)
  const stopping = new AbortController()
  let door: FrontDoor | null = null
  let works: Works | null = null
  const stop = async (): Promise<void> => {
    const { promise: tooLate, resolve } = Promise.withResolvers<void>()
    const cancel = deps.clock.after(STOP_WITHIN_MS, resolve)
    await Promise.race([tooLate, finish({ ground, door, works })])
    stopping.abort()
    works?.loop.stop()
    await Promise.race([tooLate, ground.foundation.close()])
    cancel()
  }
  try {
    door = await openFrontDoor(deps.settings.listen)
    const interrupt = (): void => stopping.abort()
    deps.signal?.addEventListener('abort', interrupt)
    const parts = await readEverything(ground, stopping.signal)
    works = openWorks(parts)
    await works.manager.start(stopping.signal)
    await works.fleet.answer(works.manager.ownAuthSync)
    door.open(createHttpApp(parts, works))
    works.gateway.attach(door.server)
    deps.signal?.removeEventListener('abort', interrupt)
    return { address: door.address, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A process that is told to stop has half a minute; each part has bounds of its own, which may add up to more. */
const STOP_WITHIN_MS = 28_000

interface Running {
  readonly ground: Ground
  readonly door: FrontDoor | null
  readonly works: Works | null
}

/** Takes nothing more, and brings what is in hand to its end. */
async function finish({ ground, door, works }: Running): Promise<void> {
  door?.close()
  works?.fleet.close()
  await works?.gateway.close()
  await works?.manager.stop()
  await ground.foundation.release()
  await Promise.all([door?.drain(), works?.fleet.drain()])
}

async function layGround(deps: ServerDeps): Promise<Ground> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const legacy = await readLegacyReader(deps.settings['legacy-key'])
  const foundation = await openFoundation({ ...deps, registry })
  const { keyring } = foundation
  const sealer = createSealer(keyring, legacy === null ? {} : { legacy })
  return { ...deps, registry, foundation, sealer, deviceKeys: createDeviceKeys(keyring) }
}

// Each loads what only it needs: a cluster's client is as large as everything else together.
async function openFoundation(deps: FoundationDeps): Promise<Foundation> {
  if (deps.settings.store === 'kubernetes') {
    const { openCluster } = await import('./server/cluster.ts')
    return openCluster(deps)
  }
  const { openEmbedded } = await import('./server/embedded.ts')
  return openEmbedded(deps)
}

async function readEverything(ground: Ground, signal: AbortSignal): Promise<Parts> {
  const { foundation, clock, registry, logger } = ground
  const caches = createCaches({ ...foundation, logger }, clock)
  registerWatchAge(registry, caches)
  await foundation.prepare(signal)
  await caches.start(signal)
  await foundation.start(signal)
  const authenticator = createAuthenticator({ ...foundation, clock, findUser: caches.findUser })
  return { ...ground, authenticator, caches }
}

/** What moves. */
interface Works {
  readonly gateway: DeviceGateway
  readonly fleet: Fleet
  readonly manager: Manager
  readonly loop: ReturnType<typeof openLoopWatch>
}

function openWorks(parts: Parts): Works {
  const { foundation, caches } = parts
  const gateway = openGateway(parts)
  const fleet = foundation.joinFleet({ ...parts, gateway, devices: caches.forApi.devices })
  return { gateway, fleet, manager: openManager(parts, { gateway, fleet }), loop: openLoopWatch() }
}

function openGateway(parts: Parts): DeviceGateway {
  const { caches, registry, deviceLimits, foundation } = parts
  const { authority } = foundation.forManager
  const gateway = createDeviceGateway({
    ...parts,
    runtimes: caches.runtimes,
    metrics: registry,
    limits: deviceLimits ?? {},
    ...(authority && { authority }),
  })
  caches.objects.onChange('Runtime', () => gateway.announceRuntimes())
  return gateway
}

function openManager(parts: Parts, { gateway, fleet }: Pick<Works, 'gateway' | 'fleet'>): Manager {
  const { foundation, caches } = parts
  return createManager({
    ...parts,
    ...foundation.forManager,
    ...(fleet.peers && { peers: fleet.peers }),
    store: foundation.store,
    cache: caches.objects,
    users: caches.users,
    channel: gateway.channel,
    reports: gateway.reports,
    random: Math.random,
  })
}

function createHttpApp(parts: Parts, { gateway, fleet, manager, loop }: Works): RequestListener {
  const { settings, foundation, caches, clock } = parts
  const { store, users, tokens, forManager } = foundation
  const livenessChecks: readonly HealthCheck[] = [
    loop.check,
    { name: 'reconcile', check: () => manager.checkAlive() },
  ]
  return createApp({
    ...parts,
    store,
    users,
    tokens,
    caches: caches.forApi,
    deviceTokens: createDeviceTokenService({ tokens, clock }),
    commands: fleet.commands,
    directory: gateway.reports,
    authSync: manager.authSync,
    ...(forManager.gateway !== undefined && { replica: forManager.gateway }),
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
}
