import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import { AppError, isAppError } from '#core/errors.ts'
import { SyncAnswer, type SyncItem, SyncRequest } from '#protocol/sync.ts'
import { authPlace } from '#secrets/places.ts'

import { requireDevice } from './known-devices.ts'
import { readState, requireKnown } from './runtime-configs.ts'
import { type RuntimeState, viewState } from './state.ts'

/** The route that syncs devices at once. */
export function syncRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/users/me/runtime-configs/{runtime}/sync',
      access: 'user',
      summary: 'Sends the stored login to devices that lack it, at once',
      body: SyncRequest,
      isBodyOptional: true,
      answer: SyncAnswer,
      errors: ['RUNTIME_UNSUPPORTED', 'AUTH_MISSING', 'DECRYPT_FAILED', 'DEVICE_UNKNOWN'],
      handle: (request) => sync(api, request),
    }),
  ]
}

async function sync(api: ApiContext, request: ApiRequest<SyncRequest>): Promise<Answer> {
  const state = await readState(api, request)
  requireKnown(request, state)
  await requireDocument(api, state)
  const { namespace } = state.user
  const runtime = state.runtime.metadata.name
  const deviceIds = request.body.device_ids && [...new Set(request.body.device_ids)]
  for (const deviceId of deviceIds ?? []) await requireDevice(api, namespace, deviceId)
  const outcomes = await api.authSync.requestSync({ namespace, runtime, ...(deviceIds && { deviceIds }) })
  const fields = { runtime, devices: outcomes.map((outcome) => outcome.deviceId) }
  audit(api.logger, request.caller, { action: 'auth-json.sync', fields })
  const items = outcomes.map(viewOutcome)
  return {
    body: { runtime, target_path: state.runtime.spec.auth.targetPath, total: items.length, items },
    // The version is that of the runtime's configuration, which is what an If-Match here is about.
    etag: etagOfBody(viewState(state)),
  }
}

async function requireDocument(api: ApiContext, { user, config, runtime }: RuntimeState): Promise<void> {
  const auth = config?.spec.auth
  if (auth?.secretRef !== undefined) return
  if (auth?.encryptedValue === undefined) throw new AppError('AUTH_MISSING', 'auth_json is not configured')
  try {
    await api.sealer.open(auth.encryptedValue, authPlace(user, runtime.metadata.name))
  } catch (cause) {
    if (!isAppError(cause, 'DECRYPT_FAILED')) throw cause
    api.metrics.countUnopened('auth')
    throw new AppError('DECRYPT_FAILED', 'auth_json could not be decrypted', { cause })
  }
}

function viewOutcome({ deviceId, success, status, error }: SyncOutcome): SyncItem {
  return { device_id: deviceId, success, status, error }
}
