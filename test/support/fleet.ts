import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'

import type { DeviceChannel, DeviceReports, ReportChange } from '#controller/ports.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import type { DeviceReport, DeviceType, RuntimeFileReport } from '#core/device-report.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { digestUnder } from '#secrets/document-digest.ts'

/** How a device of the fleet differs from our agent on a laptop without any file. */
export interface DeviceSetup {
  readonly deviceId?: string
  readonly namespace?: string
  readonly deviceType?: DeviceType
  readonly isOurAgent?: boolean
  /** Runtimes it reports on. */
  readonly runtimes?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
}

/** The key a device digests under, as the fleet's server hands it out. */
export function fleetDigestKey({ namespace, deviceId }: DeviceKey): Secret<string> {
  return new Secret(createHash('sha256').update(`${namespace}/${deviceId}`).digest('hex'))
}

/**
 * A machine with an agent that obeys the device rules, in memory: files are texts in normal form, a command's effect is there
 * when it is answered.
 */
export class FleetDevice {
  readonly key: DeviceKey
  readonly deviceType: DeviceType
  readonly isOurAgent: boolean
  readonly runtimes: readonly string[]
  readonly files = new Map<string, string>()
  /** What the agent remembers to have written. */
  readonly written = new Map<string, string>()
  readonly modifiedAt = new Map<string, number>()
  readonly received: DeviceCommand[] = []
  /** Replaces or adds to what it reports. */
  reported: Partial<RuntimeFileReport> = {}
  sessions: number | null = null
  /** What it says of its configuration. */
  configs: DeviceReport['configs'] = new Map()
  /** Answers instead of the device; `undefined` leaves it to the device. */
  respond: ((command: DeviceCommand) => Promise<CommandResult> | undefined) | null = null
  executorVersion = '1.0.0'
  /** What the agent draws anew for each connection. */
  fence = 0

  constructor(setup: DeviceSetup, now: () => number) {
    this.key = { namespace: setup.namespace ?? 'user-1', deviceId: setup.deviceId ?? 'device-1' }
    this.deviceType = setup.deviceType ?? 'local'
    this.isOurAgent = setup.isOurAgent ?? true
    this.runtimes = setup.runtimes ?? ['codex']
    this.#now = now
    for (const [runtime, text] of Object.entries(setup.files ?? {})) this.put(runtime, text)
  }

  readonly #now: () => number

  /** The owner of the device, or the CLI, puts a file there. */
  put(runtime: string, text: string): void {
    this.files.set(runtime, text)
    this.modifiedAt.set(runtime, this.#now())
  }

  /** What its next heartbeat says. */
  look(): ReadonlyMap<string, RuntimeFileReport> {
    return new Map(this.runtimes.map((runtime) => [runtime, { ...this.#lookAt(runtime), ...this.reported }]))
  }

  /** Carries a command out. */
  async execute(command: DeviceCommand): Promise<CommandResult> {
    this.received.push(command)
    return (await this.respond?.(command)) ?? this.obey(command)
  }

  obey(command: DeviceCommand): CommandResult {
    if (command.key === 'sync_runtime_auth_file') return this.#sync(command)
    if (command.key === 'probe_proxy') return answer('failed', { error: 'no proxies here' })
    const file = this.files.get(command.runtime)
    if (command.key === 'read_runtime_auth_file') {
      if (file === undefined) return answer('failed', { error: 'runtime auth file does not exist' })
      return answer('read', { content: new Secret(file) })
    }
    if (file === undefined) return answer('absent')
    if (!this.#isOurs(command.runtime, command.expectedDigest)) return answer('skipped_existing')
    this.files.delete(command.runtime)
    return answer('removed')
  }

  digest(text: string): string {
    return digestUnder(fleetDigestKey(this.key), text)
  }

  #sync(command: Extract<DeviceCommand, { key: 'sync_runtime_auth_file' }>): CommandResult {
    const { runtime, content, replaceDigest } = command
    const isFree = !this.files.has(runtime)
    if (!isFree && (replaceDigest === undefined || !this.#isOurs(runtime, replaceDigest))) {
      return answer('skipped_existing')
    }
    this.put(runtime, content.open())
    this.written.set(runtime, content.open())
    return answer('written')
  }

  #isOurs(runtime: string, digest: string): boolean {
    const [file, written] = [this.files.get(runtime), this.written.get(runtime)]
    return file !== undefined && file === written && this.digest(file) === digest
  }

  #lookAt(runtime: string): RuntimeFileReport {
    const file = this.files.get(runtime)
    const targetPath = `/home/u/.${runtime}/auth.json`
    const exists = file !== undefined
    if (!this.isOurAgent) return { ...NOTHING, targetPath, exists }
    const written = this.written.get(runtime)
    const lastWrittenDigest = written === undefined ? null : this.digest(written)
    if (file === undefined)
      return { ...NOTHING, targetPath, exists, lastWrittenDigest, sessions: this.sessions }
    const { account, refreshed } = facts(file)
    return {
      targetPath,
      exists,
      digest: this.digest(file),
      lastWrittenDigest,
      account: account === null ? null : this.digest(account),
      lastRefresh: refreshed,
      modifiedAt: this.modifiedAt.get(runtime) ?? null,
      mode: 0o600,
      size: file.length,
      sessions: this.sessions,
      error: null,
    }
  }
}

const NOTHING: RuntimeFileReport = {
  targetPath: null,
  exists: null,
  digest: null,
  lastWrittenDigest: null,
  account: null,
  lastRefresh: null,
  modifiedAt: null,
  mode: null,
  size: null,
  sessions: null,
  error: null,
}

/** The facts that the test runtime's pointers name, where a document has them. */
function facts(text: string): { readonly account: string | null; readonly refreshed: string | null } {
  const value = JSON.parse(text) as { account?: { id?: unknown }; last_refresh?: unknown }
  const { account, last_refresh: refreshed } = value
  return {
    account: typeof account?.id === 'string' ? account.id : null,
    refreshed: typeof refreshed === 'string' ? refreshed : null,
  }
}

/** A device's answer. */
export function answer(status: CommandResult['status'], changes: Partial<CommandResult> = {}): CommandResult {
  return {
    status,
    path: null,
    content: null,
    error: null,
    exitCode: status === 'failed' ? 74 : 0,
    durationMs: 1,
    isTruncated: false,
    probe: null,
    ...changes,
  }
}

interface Connection {
  readonly device: FleetDevice
  fence: number | null
  isOnline: boolean
  heartbeatCount: number
  lastHeartbeatAt: number | null
  files: ReadonlyMap<string, RuntimeFileReport>
  readonly awaited: Set<string>
  line: Promise<unknown>
}

/** Brings a command to a device, and its answer back. */
export type Transport = (device: FleetDevice, command: DeviceCommand) => Promise<CommandResult>

/** The server's side of the devices: what they said last, and the way to them. */
export class Fleet implements DeviceChannel, DeviceReports {
  readonly #connections = new Map<string, Connection>()
  readonly #listeners = new Set<(change: ReportChange) => void>()
  readonly #now: () => number
  /** How commands and answers get through. By default at once, and our agent sends a heartbeat right after. */
  transport: Transport = async (device, command) => {
    const result = await device.execute(command)
    if (device.isOurAgent) setImmediate(() => this.heartbeat(device))
    return result
  }
  /** Heartbeats that changed nothing. */
  unchanged = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Makes a device and connects it. */
  add(setup: DeviceSetup = {}): FleetDevice {
    const device = new FleetDevice(setup, this.#now)
    this.connect(device)
    return device
  }

  /** Registers a device and takes its first heartbeat. */
  connect(device: FleetDevice): void {
    const name = nameOf(device.key)
    if (!this.#connections.has(name)) {
      this.#connections.set(name, {
        device,
        fence: null,
        isOnline: false,
        heartbeatCount: 0,
        lastHeartbeatAt: null,
        files: new Map(),
        awaited: new Set(),
        line: Promise.resolve(),
      })
      this.#emit(device.key, 'registered', [])
    }
    device.fence += 1
    const connection = this.#connections.get(name)
    if (connection !== undefined) connection.fence = device.isOurAgent ? device.fence : null
    this.heartbeat(device)
  }

  disconnect(device: FleetDevice): void {
    const connection = this.#connections.get(nameOf(device.key))
    if (!connection?.isOnline) return
    connection.isOnline = false
    this.#emit(device.key, 'offline', [])
  }

  /** The server forgets everything, as a restarted one has. */
  forgetAll(): void {
    this.#connections.clear()
    this.#listeners.clear()
  }

  /** Takes a heartbeat: what the device says now, or what it said when it was sent. */
  heartbeat(device: FleetDevice, files: ReadonlyMap<string, RuntimeFileReport> = device.look()): void {
    const connection = this.#connections.get(nameOf(device.key))
    if (connection === undefined) return
    connection.heartbeatCount += 1
    connection.lastHeartbeatAt = this.#now()
    const names = new Set([...connection.files.keys(), ...files.keys()])
    const changed = [...names].filter(
      (name) => !isDeepStrictEqual(connection.files.get(name), files.get(name)),
    )
    connection.files = files
    const news = [...new Set([...changed, ...connection.awaited])]
    connection.awaited.clear()
    if (!connection.isOnline) {
      connection.isOnline = true
      this.#emit(device.key, 'online', news)
    } else if (news.length > 0) this.#emit(device.key, 'runtimes', news)
    else this.unchanged += 1
  }

  /** Takes a heartbeat, and tells nobody what it says: an event was lost. */
  heartbeatUnheard(device: FleetDevice): void {
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    this.heartbeat(device)
    for (const listener of listeners) this.#listeners.add(listener)
  }

  async send(key: DeviceKey, command: DeviceCommand): Promise<CommandResult> {
    const connection = this.#connections.get(nameOf(key))
    if (!connection?.isOnline) throw new AppError('DEVICE_OFFLINE', `Device '${key.deviceId}' is offline`)
    const result = connection.line.then(() => this.transport(connection.device, command))
    connection.line = result.catch(() => undefined)
    return result
  }

  get(key: DeviceKey): DeviceReport | undefined {
    const connection = this.#connections.get(nameOf(key))
    return connection && toReport(connection)
  }

  list(namespace: string): readonly DeviceReport[] {
    const all = [...this.#connections.values()]
    return all.filter(({ device }) => device.key.namespace === namespace).map(toReport)
  }

  onChange(listener: (change: ReportChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  awaitHeartbeat(key: DeviceKey, runtime: string): void {
    this.#connections.get(nameOf(key))?.awaited.add(runtime)
  }

  release(key: DeviceKey): void {
    if (this.#connections.get(nameOf(key))?.isOnline === false) this.#connections.delete(nameOf(key))
  }

  #emit(device: DeviceKey, kind: ReportChange['kind'], runtimes: readonly string[]): void {
    for (const listener of this.#listeners) listener({ device, kind, runtimes })
  }
}

function toReport(connection: Connection): DeviceReport {
  const { device, fence, isOnline, heartbeatCount, lastHeartbeatAt, files } = connection
  return {
    ...device.key,
    displayName: `Device ${device.key.deviceId}`,
    deviceType: device.deviceType,
    executorVersion: device.executorVersion,
    isOurAgent: device.isOurAgent,
    isOnline,
    lastHeartbeatAt,
    heartbeatCount,
    runtimes: files,
    configs: device.configs,
    ...(fence !== null && { fence }),
  }
}

function nameOf({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}
