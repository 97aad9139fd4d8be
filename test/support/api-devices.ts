import type { ApiCaches, AuthSync, DeviceCommands, DeviceDirectory, SyncRequest } from '#api/ports.ts'
import type { Explanation } from '#core/auth-sync-explanation.ts'
import { GATES } from '#core/auth-sync-gates.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import type { CommandResult, DeviceCommand, DeviceKey } from '#core/device-command.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'

import { until } from './until.ts'

/** What a device does with a command. */
export type DeviceBehaviour = (command: DeviceCommand) => Promise<CommandResult>

/** The devices of a test: what they report, and what they do. Fulfils the ports of the API. */
export class TestDevices implements DeviceCommands, DeviceDirectory, AuthSync {
  readonly sent: { readonly device: DeviceKey; readonly command: DeviceCommand }[] = []
  readonly syncRequests: SyncRequest[] = []
  /** What is so of one runtime on every device, besides what usually is. */
  readonly explained = new Map<string, Partial<Explanation>>()
  readonly #reports = new Map<string, DeviceReport>()
  readonly #behaviours = new Map<string, DeviceBehaviour>()

  add(report: DeviceReport, behaviour: DeviceBehaviour = async () => aCommandResult()): void {
    this.#reports.set(nameOf(report), report)
    this.#behaviours.set(nameOf(report), behaviour)
  }

  get(device: DeviceKey): DeviceReport | undefined {
    return this.#reports.get(nameOf(device))
  }

  list(namespace: string): readonly DeviceReport[] {
    return [...this.#reports.values()].filter((report) => report.namespace === namespace)
  }

  async send(device: DeviceKey, command: DeviceCommand): Promise<CommandResult> {
    this.sent.push({ device, command })
    const behaviour = this.#behaviours.get(nameOf(device))
    if (behaviour === undefined)
      throw new AppError('DEVICE_OFFLINE', `Device '${device.deviceId}' is offline`)
    return behaviour(command)
  }

  async explain(device: DeviceKey, runtime: string): Promise<Explanation> {
    return anExplanation({ deviceId: device.deviceId, runtime, ...this.explained.get(runtime) })
  }

  async requestSync(request: SyncRequest): Promise<readonly SyncOutcome[]> {
    const all = this.list(request.namespace).map((report) => report.deviceId)
    const asked = request.deviceIds ?? all
    if (asked.some((deviceId) => !all.includes(deviceId)))
      throw new AppError('DEVICE_UNKNOWN', 'Device not found or access denied')
    this.syncRequests.push(request)
    return asked.map((deviceId) => ({ deviceId, success: true, status: 'written', error: null }))
  }
}

/** An online device of user 1 that our agent runs on. */
export function aDeviceReport(overrides: Partial<DeviceReport> = {}): DeviceReport {
  return {
    namespace: 'user-1',
    deviceId: 'device-1',
    displayName: 'Laptop',
    deviceType: 'local',
    executorVersion: '1.8.6',
    isOurAgent: true,
    isOnline: true,
    lastHeartbeatAt: Date.parse('2026-11-21T09:59:30Z'),
    heartbeatCount: 3,
    runtimes: new Map(),
    configs: new Map(),
    ...overrides,
  }
}

/** A file that was read. */
export function aCommandResult(overrides: Partial<CommandResult> = {}): CommandResult {
  return {
    status: 'read',
    path: '~/.codex/auth.json',
    content: new Secret('{"token":"from-device"}\n'),
    error: null,
    exitCode: 0,
    durationMs: 5,
    isTruncated: false,
    probe: null,
    ...overrides,
  }
}

/** Resolves when memory shows a device as it was written. */
export async function inMemory(
  { caches }: { readonly caches: ApiCaches },
  { metadata }: ObjectOf<'Device'>,
): Promise<void> {
  await until(() => caches.devices.get(metadata)?.metadata.resourceVersion === metadata.resourceVersion)
}

/** An explanation of a device that has what it should. */
export function anExplanation(overrides: Partial<Explanation>): Explanation {
  return {
    deviceId: 'device-1',
    runtime: 'codex',
    state: 'InSync',
    reason: 'UpToDate',
    message: 'The file is there.',
    gates: GATES.map((name) => ({ name, passed: true, message: 'so it is' })),
    nextAction: 'none',
    nextAttemptAt: null,
    unblock: null,
    targetPath: '~/.codex/auth.json',
    attempts: 0,
    lastCommand: null,
    lastResult: null,
    lastSyncTime: null,
    isCredentialShared: false,
    ...overrides,
  }
}

function nameOf({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}
