import { createServer } from 'node:http'

import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'

import { createDeviceGateway, type DeviceGateway, type DeviceGatewayDeps } from '#api/devices/gateway.ts'
import type { DeviceLimits } from '#api/devices/limits.ts'
import type { DeviceAuthenticator, ReportChange } from '#api/devices/ports.ts'
import type { Principal } from '#api/principal.ts'
import { AppError } from '#core/errors.ts'
import type { Runtime } from '#core/runtimes.ts'
import { Secret } from '#core/secret.ts'
import { ExecutorSocket } from '#test/support/executor-socket.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

/** Who a token stands for, with what a test says otherwise. */
export function aPrincipal(userId: string, changes: Partial<Principal> = {}): Principal {
  return {
    user: {
      id: userId,
      name: `user ${userId}`,
      email: null,
      role: 'user',
      namespace: `user-${userId}`,
      isActive: true,
      preferences: {},
      resourceVersion: '1',
    },
    scopes: new Set(['device']),
    deviceId: null,
    tokenId: `token-of-${userId}`,
    expiresAt: null,
    ...changes,
  }
}

/** A registered runtime. */
export function aRuntime(name: string): Runtime {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Runtime',
    metadata: { name },
    spec: {
      displayName: name,
      auth: {
        targetPath: `~/.${name}/auth.json`,
        format: 'json',
        homeVariable: `${name.toUpperCase()}_HOME`,
        validation: { maxBytes: 1000 },
      },
    },
  }
}

/** Tokens a test hands out and takes away. */
class FakeTokens implements DeviceAuthenticator {
  readonly good = new Map<string, Principal>()
  isStoreDown = false
  checks = 0

  async authenticate(bearer: string): Promise<Principal> {
    this.#visitStore()
    const principal = this.good.get(bearer)
    if (principal === undefined) throw new AppError('UNAUTHENTICATED', 'expected a good token')
    return principal
  }

  async recheck(principal: Principal): Promise<boolean> {
    this.#visitStore()
    return [...this.good.values()].includes(principal)
  }

  #visitStore(): void {
    this.checks += 1
    if (this.isStoreDown) throw new AppError('STORE_UNAVAILABLE', 'the store is away')
  }
}

interface LogLine {
  readonly level: string
  readonly fields: object
  readonly message: string
}

export interface RunningGateway extends DeviceGateway {
  readonly url: string
  readonly clock: FakeClock
  readonly tokens: FakeTokens
  readonly metrics: Registry
  readonly changes: ReportChange[]
  readonly log: LogLine[]
  readonly runtimes: Runtime[]
  /** An executor that has joined as the user with this id. */
  join(userId?: string): Promise<ExecutorSocket>
  /** Resolves when a log line with this message has been written so many times. */
  logged(message: string, times?: number): Promise<void>
  /** One that has registered and heartbeat too. */
  connect(setup?: DeviceSetup): Promise<ExecutorSocket>
}

interface DeviceSetup {
  readonly userId?: string
  readonly deviceId?: string
  readonly register?: object
  readonly files?: unknown
}

/** A gateway on a real port, with tokens `7` and `8` for the users 7 and 8. */
export async function startGateway(
  limits: Partial<DeviceLimits> = {},
  parts: Pick<DeviceGatewayDeps, 'authority'> = {},
): Promise<RunningGateway> {
  const [clock, tokens, metrics, log] = [
    new FakeClock(),
    new FakeTokens(),
    new Registry(),
    new Array<LogLine>(),
  ]
  const runtimes = [aRuntime('claude'), aRuntime('codex')]
  for (const id of ['7', '8']) tokens.good.set(id, aPrincipal(id))
  const note = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields, message })
  const gateway = createDeviceGateway({
    authenticator: tokens,
    deviceKeys: { deviceKey: ({ namespace, deviceId }) => new Secret(`key of ${namespace}/${deviceId}`) },
    runtimes: () => runtimes,
    clock,
    logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    metrics,
    limits: { eventsPerDevice: PLENTY, ...limits },
    ...parts,
  })
  const http = createServer((_request, response) => void response.end('not for devices'))
  gateway.attach(http)
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve)
  })
  const address = http.address()
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  const url = `http://127.0.0.1:${address.port}`
  const changes: ReportChange[] = []
  gateway.reports.onChange((change) => void changes.push(change))
  onTestFinished(async () => {
    const closing = gateway.close()
    await clock.advance(60_000)
    await closing
    await clock.advance(1000)
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  })
  const { reports, channel } = gateway
  const running = { reports, channel, url, clock, tokens, metrics, changes, log, runtimes }
  return {
    ...running,
    attach: (server) => gateway.attach(server),
    announceRuntimes: () => gateway.announceRuntimes(),
    close: () => gateway.close(),
    join: (userId = '7') => ExecutorSocket.join(url, userId),
    logged: async (message, times = 1) => {
      const count = () => log.filter((line) => line.message === message).length
      while (count() < times) await new Promise((resolve) => setImmediate(resolve))
    },
    connect: (setup = {}) => connectDevice(url, setup),
  }
}

const PLENTY = { perSecond: 1e6, burst: 1e6 }

async function connectDevice(url: string, setup: DeviceSetup): Promise<ExecutorSocket> {
  const { userId = '7', deviceId = 'device-1', register = {}, files = MISSING } = setup
  const socket = await ExecutorSocket.join(url, userId)
  const registered = await socket.ask('device:register', aRegistration({ device_id: deviceId, ...register }))
  const beaten = await socket.ask(
    'device:heartbeat',
    aHeartbeat({ device_id: deviceId, runtime_auth_files: files }),
  )
  if (!isSuccess(registered) || !isSuccess(beaten)) {
    throw new Error(`expected success, got ${JSON.stringify([registered, beaten])}`)
  }
  return socket
}

function isSuccess(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'success' in answer && answer.success === true
}

/** A heartbeat's `runtime_auth_files` of a device without the login. */
export const MISSING = { codex: { exists: false, target_path: '/home/u/.codex/auth.json' } }

/** The same with the login in place. */
export const PRESENT = { codex: { exists: true, target_path: '/home/u/.codex/auth.json' } }

export function aRegistration(changes: object = {}): object {
  return {
    device_id: 'device-1',
    name: 'Laptop',
    device_type: 'local',
    executor_version: '1.8.6',
    app_device_id: '',
    ...changes,
  }
}

export function aHeartbeat(changes: object = {}): object {
  return { device_id: 'device-1', running_task_ids: [], runtime_auth_files: MISSING, ...changes }
}

/** Makes a registration that of our own agent. */
export const OUR_AGENT = { runtime_features: { runtimeConfigAgent: { schemaVersion: 1 } } }
