import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { type AuthDocument, parseAuthDocument } from '#core/auth-document.ts'
import type { CommandResult } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { targetOf } from '#core/runtimes.ts'
import { ImportDevice } from '#protocol/import-device.ts'
import { RuntimeConfigView } from '#protocol/runtime-config.ts'

import { deviceFailure } from './device-text.ts'
import { isOnline, requireDevice } from './known-devices.ts'
import { answerState, readState, requireKnown } from './runtime-configs.ts'
import type { RuntimeState } from './state.ts'
import { storeDocument } from './store-document.ts'

/** The route that stores the login which a device has. */
export function importDeviceRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/users/me/runtime-configs/{runtime}/import-device',
      access: 'user',
      summary: 'Stores the login that one of the devices has',
      body: ImportDevice,
      answer: RuntimeConfigView,
      errors: [
        'RUNTIME_UNSUPPORTED',
        'DEVICE_UNKNOWN',
        'DEVICE_OFFLINE',
        'DEVICE_FAILED',
        'NEWER_DOCUMENT',
        'AUTH_NOT_OBJECT',
      ],
      handle: (request) => importFrom(api, request),
    }),
  ]
}

async function importFrom(api: ApiContext, request: ApiRequest<ImportDevice>): Promise<Answer> {
  const asked = await readState(api, request)
  requireKnown(request, asked)
  const document = await readFromDevice(api, asked, request.body.device_id)
  const state = await retryOnConflict(api, request.caller.principal.user.id, async () => {
    const state = await readState(api, request)
    requireNoNewer(asked, state)
    return storeDocument(api, state, document)
  })
  const fields = { runtime: state.runtime.metadata.name, device: request.body.device_id }
  audit(api.logger, request.caller, { action: 'auth-json.import', fields })
  return answerState(state)
}

async function readFromDevice(api: ApiContext, state: RuntimeState, deviceId: string): Promise<AuthDocument> {
  const { user, runtime } = state
  const device = await requireDevice(api, user.namespace, deviceId)
  if (!isOnline(device)) throw new AppError('DEVICE_OFFLINE', `Device '${deviceId}' is offline`)
  const result = await api.commands.send(
    { namespace: user.namespace, deviceId },
    { key: 'read_runtime_auth_file', runtime: runtime.metadata.name, target: targetOf(runtime) },
  )
  return parseAuthDocument(contentOf(result), runtime.spec.auth.validation)
}

function contentOf(result: CommandResult): string {
  if (result.isTruncated) throw deviceFailure(result.error ?? 'device command output was truncated')
  if (result.error !== null) throw deviceFailure(result.error)
  if (result.status !== 'read' || result.content === null)
    throw deviceFailure('device returned an invalid auth file')
  return result.content.open()
}

// Not the resource's version: the operator writes its status meanwhile, and that is no newer document.
function requireNoNewer(asked: RuntimeState, now: RuntimeState): void {
  const [before, after] = [asked.config?.spec.auth, now.config?.spec.auth]
  if (before?.updatedAt === after?.updatedAt && before?.sha256 === after?.sha256) return
  throw new AppError(
    'NEWER_DOCUMENT',
    'the stored login changed while the device was asked, and stays; import again if the device is to win',
  )
}
