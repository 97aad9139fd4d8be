import type { DeviceCommands } from '#api/ports.ts'
import type { Clock } from '#core/clock.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { readCommandAck } from '#protocol/command-answer.ts'
import { type CommandInput, type ExecuteCommand, toExecuteCommand } from '#protocol/command.ts'
import { DEVICE_EVENTS } from '#protocol/register.ts'

import { toCommandResult } from './command-result.ts'
import type { DeviceConnection, LiveDevice } from './connection.ts'
import type { DeviceLimits } from './limits.ts'
import { PendingAnswer } from './pending-answer.ts'
import type { Reports } from './reports.ts'
import { limitFrames } from './socket-internals.ts'

interface ChannelOptions {
  readonly reports: Reports
  readonly clock: Clock
  /** Whether the token behind a connection is still good; one that is not is disconnected by the one who says so. */
  readonly isAllowed: (connection: DeviceConnection) => Promise<boolean>
  /** Whether this process may act at this moment; one of several may not when it lost its Lease. Absent: always. */
  readonly authority?: { readonly isHeld: boolean }
  readonly limits: Pick<DeviceLimits, 'waitingCommands' | 'frameBytes' | 'quietFrameBytes'>
}

interface Job {
  readonly command: DeviceCommand
  readonly resolve: (result: CommandResult) => void
  readonly reject: (error: unknown) => void
}

/** Sends commands to devices, one at a time per device, in the order in which they were asked for. */
export class CommandChannel implements DeviceCommands {
  readonly #options: ChannelOptions
  /** Only devices with work; the first job of each is in hand. */
  readonly #lines = new Map<LiveDevice, Job[]>()
  #isClosing = false
  #onIdle: (() => void) | null = null

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  async send(key: DeviceKey, command: DeviceCommand): Promise<CommandResult> {
    const device = this.#options.reports.find(key)
    if (device === undefined || this.#isClosing) throw offline(key)
    requireCapable(device, command)
    requireOnline(device)
    return new Promise((resolve, reject) => this.#enqueue(device, { command, resolve, reject }))
  }

  /** Takes no more commands and resolves when those in hand are done. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#lines.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
    })
  }

  #enqueue(device: LiveDevice, job: Job): void {
    const line = this.#lines.get(device) ?? []
    if (line.length > this.#options.limits.waitingCommands) return job.reject(busy(device.key))
    line.push(job)
    this.#lines.set(device, line)
    if (line.length === 1) void this.#work(device, line)
  }

  async #work(device: LiveDevice, line: Job[]): Promise<void> {
    for (let job = line[0]; job !== undefined; job = line[0]) {
      await this.#run(device, job.command).then(job.resolve, job.reject)
      line.shift()
    }
    this.#lines.delete(device)
    if (this.#lines.size === 0) this.#onIdle?.()
  }

  async #run(device: LiveDevice, command: DeviceCommand): Promise<CommandResult> {
    const connection = requireOnline(device)
    if (!(await this.#options.isAllowed(connection)) || this.#isClosing) throw offline(device.key)
    // The device may have registered anew, as something else, while the token was looked at or the job waited.
    requireCapable(device, command)
    const target = requireOnline(device)
    const payload = toPayload(device, target, command)
    const { clock, authority } = this.#options
    // Nothing waits between this and the socket.
    if (authority?.isHeld === false) throw notHeld()
    const startedAt = clock.monotonic()
    const pending = new PendingAnswer({
      device: device.key.deviceId,
      key: command.key,
      clock,
      heard: device,
    })
    const answer = readCommandAck(await this.#ask(target, payload, pending))
    if (answer?.status === 'stale_fence') throw overtaken(device.key, command)
    const result = toCommandResult(command, answer, clock.monotonic() - startedAt)
    return { ...result, heartbeatCount: pending.heartbeatCount }
  }

  // Only an answer may be large, so only a socket that owes one may send something large.
  async #ask(
    connection: DeviceConnection,
    payload: ExecuteCommand,
    pending: PendingAnswer,
  ): Promise<unknown> {
    const { frameBytes, quietFrameBytes } = this.#options.limits
    connection.inHand = pending
    limitFrames(connection.socket.conn, frameBytes)
    try {
      emit(connection, payload, pending)
      return await pending.answer
    } finally {
      // It may speak for another device by now, which has been asked for something too.
      if (connection.inHand === pending) {
        connection.inHand = null
        limitFrames(connection.socket.conn, quietFrameBytes)
      }
    }
  }
}

/** Commands that carry or change a login, which `remote` devices do not get. */
function isAuthCommand(command: DeviceCommand): boolean {
  return command.key !== 'probe_proxy'
}

function requireCapable(device: LiveDevice, command: DeviceCommand): void {
  if (device.deviceType === 'remote' && isAuthCommand(command)) {
    const message = `Device command key '${command.key}' is not supported for remote devices`
    throw new AppError('DEVICE_UNSUPPORTED', message)
  }
  if (!device.isOurAgent && needsOurAgent(command)) throw unsupported(device.key, command)
}

function needsOurAgent(command: DeviceCommand): boolean {
  if (command.key === 'sync_runtime_auth_file') return command.replaceDigest !== undefined
  return command.key === 'remove_runtime_auth_file' || command.key === 'probe_proxy'
}

function requireOnline(device: LiveDevice): DeviceConnection {
  if (device.connection === null || !device.isOnline) throw offline(device.key)
  return device.connection
}

function emit(connection: DeviceConnection, payload: ExecuteCommand, pending: PendingAnswer): void {
  // A function that was made elsewhere: Socket.IO keeps it until the answer comes, which may be never, and one made here
  // would keep the payload with its secret alive as well.
  connection.socket.emit(DEVICE_EVENTS.executeCommand, payload, pending.take)
}

function toPayload(device: LiveDevice, { fence }: DeviceConnection, command: DeviceCommand): ExecuteCommand {
  const payload = toExecuteCommand(openCommand(command), device.isOurAgent ? 'agent' : 'script', fence)
  if (payload === null) throw unsupported(device.key, command)
  return payload
}

function openCommand(command: DeviceCommand): CommandInput {
  if (command.key === 'sync_runtime_auth_file') return { ...command, content: command.content.open() }
  if (command.key === 'probe_proxy') return { ...command, proxyUrl: command.proxyUrl.open() }
  return command
}

function offline(key: DeviceKey): AppError {
  return new AppError('DEVICE_OFFLINE', `Device '${key.deviceId}' is offline`)
}

function notHeld(): AppError {
  const message =
    'this replica could not renew its Lease and sends no command until it could; try again later'
  return new AppError('STORE_UNAVAILABLE', message)
}

function overtaken({ deviceId }: DeviceKey, { key }: DeviceCommand): AppError {
  return new AppError('DEVICE_OFFLINE', `Device '${deviceId}' connected anew before it came to '${key}'`)
}

function unsupported({ deviceId }: DeviceKey, { key }: DeviceCommand): AppError {
  const message = `Device '${deviceId}' cannot do this: '${key}' needs the runtimeconfig agent on it`
  return new AppError('DEVICE_UNSUPPORTED', message)
}

function busy(key: DeviceKey): AppError {
  return new AppError(
    'RATE_LIMITED',
    `Device '${key.deviceId}' has too many commands waiting; try again later`,
  )
}
