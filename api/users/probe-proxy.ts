import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { requireMatch } from '#api/precondition.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { readUser } from '#api/state-source.ts'
import type { CommandResult, ProxyProbe } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { ProbeProxy, ProxyProbeView } from '#protocol/device.ts'
import type { User } from '#store/users.ts'

import { deviceFailure, toDeviceText } from './device-text.ts'
import { showDevice } from './devices.ts'
import { type KnownDevice, requireDevice } from './known-devices.ts'
import { readProxy } from './state.ts'

/** The route by which a device tries its user's proxy. */
export function probeProxyRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/users/me/devices/{device}/probe-proxy',
      access: 'user',
      summary: 'Lets a device try the personal proxy, and says what it found',
      body: ProbeProxy,
      isBodyOptional: true,
      answer: ProxyProbeView,
      errors: [
        'PROXY_NOT_CONFIGURED',
        'DEVICE_UNKNOWN',
        'DEVICE_OFFLINE',
        'DEVICE_UNSUPPORTED',
        'DEVICE_FAILED',
        'DEVICE_TIMEOUT',
      ],
      handle: (request) => probe(api, request),
    }),
  ]
}

async function probe(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const user = await readUser(api.memory, request.caller.principal.user.id)
  const device = await requireDevice(api, user.namespace, request.params['device'] ?? '')
  if (request.ifMatch !== null) {
    requireMatch(request.ifMatch, etagOfBody(await showDevice(api, user.namespace, device)))
  }
  requireNotSuspended(device)
  const body = await tryProxy(api, user, device)
  audit(api.logger, request.caller, { action: 'proxy.probe', fields: { device: device.deviceId } })
  // What a device found has no version; the device that shows it has.
  return { body, etag: null }
}

function requireNotSuspended({ deviceId, object }: KnownDevice): void {
  if (object?.spec.suspend !== true) return
  throw new AppError(
    'DEVICE_UNSUPPORTED',
    `Device '${deviceId}' is suspended: nothing is sent to it while spec.suspend is true`,
  )
}

async function tryProxy(api: ApiContext, user: User, { deviceId }: KnownDevice): Promise<ProxyProbeView> {
  const { object, url } = await readProxy(api, api.memory, user)
  if (url === null) throw new AppError('PROXY_NOT_CONFIGURED', 'proxy is not configured')
  const device = { namespace: user.namespace, deviceId }
  const result = await api.commands.send(device, { key: 'probe_proxy', proxyUrl: url.text })
  const view = viewProbe(deviceId, probeOf(result), api.clock.now())
  api.proxyProbes.remember(device, object, view)
  return view
}

function probeOf({ error, status, probe }: CommandResult): ProxyProbe {
  if (error !== null) throw deviceFailure(error)
  if (status !== 'probed' || probe === null) throw deviceFailure('the device did not say what it found')
  return probe
}

function viewProbe(deviceId: string, probe: ProxyProbe, now: number): ProxyProbeView {
  return {
    device_id: deviceId,
    reachable: probe.isReachable,
    connect_accepted: probe.isConnectAccepted,
    authenticated: probe.isAuthenticated,
    tls_intact: probe.isTlsIntact,
    message: toDeviceText(probe.message),
    probed_at: new Date(now).toISOString(),
  }
}
