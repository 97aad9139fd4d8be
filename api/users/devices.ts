import { etagOfBody } from '#api/answer.ts'
import type { ApiContext } from '#api/deps.ts'
import { requireMatch } from '#api/precondition.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import type { Explanation } from '#core/auth-sync-explanation.ts'
import type { DeviceReport } from '#core/device-report.ts'
import { isAppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { DeviceList, type DeviceRuntimeView, DeviceView } from '#protocol/device.ts'

import { isOnline, type KnownDevice, listDevices, requireDevice } from './known-devices.ts'

/** Routes that show a user's devices, and why each runtime on them is as it is. */
export function deviceRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/users/me/devices',
      access: 'user',
      summary: 'Lists the devices, with the state of each runtime and why it is so',
      answer: DeviceList,
      handle: (request) => list(api, request),
    }),
    defineRoute({
      method: 'get',
      path: '/users/me/devices/{device}',
      access: 'user',
      summary: 'Shows one device, with the state of each runtime and why it is so',
      answer: DeviceView,
      errors: ['DEVICE_UNKNOWN'],
      handle: (request) => show(api, request),
    }),
  ]
}

async function list(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const { namespace } = request.caller.principal.user
  const devices = await listDevices(api, namespace)
  const around = await readSurroundings(api, namespace)
  const items = await Promise.all(devices.map((device) => viewDevice(api, device, around)))
  return answer(request, { items })
}

async function show(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const { namespace } = request.caller.principal.user
  const device = await requireDevice(api, namespace, request.params['device'] ?? '')
  return answer(request, await showDevice(api, namespace, device))
}

/** Shows a device as `GET /users/me/devices/{device}` does. */
export async function showDevice(
  api: ApiContext,
  namespace: string,
  device: KnownDevice,
): Promise<DeviceView> {
  return viewDevice(api, device, await readSurroundings(api, namespace))
}

function answer(request: ApiRequest, body: object): Answer {
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return { body }
}

/** What the devices of one user are shown with. */
interface Surroundings {
  readonly namespace: string
  readonly runtimes: readonly string[]
  readonly proxy: ObjectOf<'UserProxyConfig'> | undefined
}

async function readSurroundings(api: ApiContext, namespace: string): Promise<Surroundings> {
  const runtimes = (await api.memory.runtimes()).map((runtime) => runtime.metadata.name)
  return { namespace, runtimes, proxy: await api.memory.proxy({ namespace, name: 'default' }) }
}

async function viewDevice(
  api: ApiContext,
  device: KnownDevice,
  { namespace, runtimes, proxy }: Surroundings,
): Promise<DeviceView> {
  const { deviceId, object } = device
  const key = { namespace, deviceId }
  const asked = await Promise.all(runtimes.map((runtime) => explain(api, key, runtime)))
  const explanations = asked.filter((explanation) => explanation !== null)
  return {
    device_id: deviceId,
    ...(device.report === undefined ? writtenFacts(device) : reportedFacts(device.report)),
    suspended: object?.spec.suspend === true,
    credential_shared: explanations.some((explanation) => explanation.isCredentialShared),
    proxy_probe: api.proxyProbes.find(key, proxy),
    runtimes: explanations.map((explanation) => viewExplanation(explanation, device)),
  }
}

type DeviceFacts = Pick<
  DeviceView,
  'display_name' | 'device_type' | 'online' | 'executor_version' | 'last_heartbeat_at'
>

function reportedFacts(report: DeviceReport): DeviceFacts {
  return {
    display_name: report.displayName,
    device_type: report.deviceType,
    online: report.isOnline,
    executor_version: report.executorVersion,
    last_heartbeat_at: toMoment(report.lastHeartbeatAt),
  }
}

// A device that this process has not heard of since it started, or whose socket another replica holds.
function writtenFacts(device: KnownDevice & { readonly report: undefined }): DeviceFacts {
  const { spec, status } = device.object
  return {
    display_name: spec.displayName,
    device_type: spec.deviceType,
    online: isOnline(device),
    executor_version: status?.executorVersion ?? null,
    last_heartbeat_at: status?.lastHeartbeatTime ?? null,
  }
}

// A runtime, or a device, that went away since it was listed has nothing to explain any more.
async function explain(
  api: ApiContext,
  key: { readonly namespace: string; readonly deviceId: string },
  runtime: string,
): Promise<Explanation | null> {
  try {
    return await api.authSync.explain(key, runtime)
  } catch (error) {
    if (isAppError(error, 'RUNTIME_UNSUPPORTED') || isAppError(error, 'DEVICE_UNKNOWN')) return null
    throw error
  }
}

function viewExplanation(explanation: Explanation, device: KnownDevice): DeviceRuntimeView {
  return {
    runtime: explanation.runtime,
    state: explanation.state,
    reason: explanation.reason,
    message: explanation.message,
    target_path: explanation.targetPath,
    attempts: explanation.attempts,
    next_attempt_at: toMoment(explanation.nextAttemptAt),
    last_command: explanation.lastCommand,
    last_result: explanation.lastResult,
    last_sync_time: explanation.lastSyncTime,
    unblock: explanation.unblock,
    next_action: explanation.nextAction,
    config_layers: viewLayers(explanation.runtime, device),
    gates: explanation.gates.map(({ name, passed, message }) => ({ name, passed, message })),
  }
}

function viewLayers(runtime: string, { report, object }: KnownDevice): DeviceRuntimeView['config_layers'] {
  if (report === undefined || report.heartbeatCount === 0) return writtenLayers(runtime, object)
  return report.configs.get(runtime)?.slice() ?? null
}

function writtenLayers(runtime: string, object: KnownDevice['object']): DeviceRuntimeView['config_layers'] {
  const row = object?.status?.runtimes?.find(({ name }) => name === runtime)
  return row?.config?.layers.map(({ type, version }) => ({ type, version: version ?? null })) ?? null
}

function toMoment(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString()
}
