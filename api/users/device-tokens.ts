import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import type { DeviceTokenRecord } from '#api/device-tokens.ts'
import { requireMatch } from '#api/precondition.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { AppError } from '#core/errors.ts'
import { DeviceTokenList, DeviceTokenView, MadeDeviceToken, NewDeviceToken } from '#protocol/device-token.ts'

/** Routes by which a user makes, lists and revokes tokens of devices. */
export function deviceTokenRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/users/me/device-tokens',
      access: 'user',
      summary: 'Lists the device tokens, revoked ones included; never a token itself',
      answer: DeviceTokenList,
      handle: async (request) => ({ body: await readKnownList(api, request) }),
    }),
    defineRoute({
      method: 'post',
      path: '/users/me/device-tokens',
      access: 'user',
      summary: 'Makes a device token, and shows it this once',
      body: NewDeviceToken,
      answer: MadeDeviceToken,
      successStatus: 201,
      handle: (request) => create(api, request),
    }),
    defineRoute({
      method: 'delete',
      path: '/users/me/device-tokens/{token}',
      access: 'user',
      summary: 'Revokes a device token; safe to repeat',
      answer: DeviceTokenView,
      errors: ['NOT_FOUND'],
      handle: (request) => revoke(api, request),
    }),
  ]
}

async function readKnownList(api: ApiContext, request: ApiRequest): Promise<DeviceTokenList> {
  const records = await api.deviceTokens.list(request.caller.principal.user.id)
  const body = { items: records.map(view) }
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return body
}

async function create(api: ApiContext, request: ApiRequest<NewDeviceToken>): Promise<Answer> {
  if (request.ifMatch !== null) await readKnownList(api, request)
  const { name, device_id: deviceId, expires_in_seconds: expiresInSeconds } = request.body
  const { record, token } = await api.deviceTokens.create({
    userId: request.caller.principal.user.id,
    name,
    ...(typeof deviceId === 'string' && { deviceId }),
    ...(typeof expiresInSeconds === 'number' && { expiresInSeconds }),
  })
  audit(api.logger, request.caller, { action: 'device-token.create', fields: { deviceToken: record.id } })
  // The one answer that holds a secret: made for this user, this once.
  return { status: 201, body: { ...view(record), token: token.open() }, etag: etagOfBody(view(record)) }
}

async function revoke(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const userId = request.caller.principal.user.id
  const id = request.params['token'] ?? ''
  const known = (await api.deviceTokens.list(userId)).find((record) => record.id === id)
  if (known === undefined) throw new AppError('NOT_FOUND', 'this device token does not exist')
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(view(known)))
  const record = await api.deviceTokens.revoke(userId, id)
  audit(api.logger, request.caller, { action: 'device-token.revoke', fields: { deviceToken: record.id } })
  return { body: view(record) }
}

function view(record: DeviceTokenRecord): DeviceTokenView {
  return {
    id: record.id,
    name: record.name,
    device_id: record.deviceId,
    created_at: record.createdAt,
    expires_at: record.expiresAt,
    revoked_at: record.revokedAt,
  }
}
