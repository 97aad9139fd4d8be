import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import type { SyncRequest as AuthSyncRequest } from '#api/ports.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import type { SyncOutcome } from '#core/auth-sync-request.ts'
import { isAppError } from '#core/errors.ts'
import { SyncAnswer, type SyncItem, SyncRequest } from '#protocol/sync.ts'

import { readState, requireKnown } from './runtime-configs.ts'
import { viewState } from './state.ts'

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
  const { namespace } = state.user
  const runtime = state.runtime.metadata.name
  const deviceIds = request.body.device_ids && [...new Set(request.body.device_ids)]
  const outcomes = await requestSync(api, { namespace, runtime, ...(deviceIds && { deviceIds }) })
  const fields = { runtime, devices: outcomes.map((outcome) => outcome.deviceId) }
  audit(api.logger, request.caller, { action: 'auth-json.sync', fields })
  const items = outcomes.map(viewOutcome)
  return {
    body: { runtime, target_path: state.runtime.spec.auth.targetPath, total: items.length, items },
    // The version is that of the runtime's configuration, which is what an If-Match here is about.
    etag: etagOfBody(viewState(state)),
  }
}

async function requestSync(api: ApiContext, request: AuthSyncRequest): Promise<readonly SyncOutcome[]> {
  try {
    return await api.authSync.requestSync(request)
  } catch (error) {
    if (isAppError(error, 'DECRYPT_FAILED')) api.metrics.countUnopened('auth')
    throw error
  }
}

function viewOutcome({ deviceId, success, status, error }: SyncOutcome): SyncItem {
  return { device_id: deviceId, success, status, error }
}
