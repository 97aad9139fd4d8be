import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { lookUpRuntime } from '#api/look-up-runtime.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { parseAuthDocument } from '#core/auth-document.ts'
import { AuthUpload, RuntimeConfigView } from '#protocol/runtime-config.ts'

import { answerState, readState, requireKnown } from './runtime-configs.ts'
import { removeDocument, storeDocument } from './store-document.ts'

/** Routes that store a login and take it away. */
export function authJsonRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/users/me/runtime-configs/{runtime}/auth-json',
      access: 'user',
      summary: 'Stores the login of one runtime, in place of the one before',
      body: AuthUpload,
      answer: RuntimeConfigView,
      errors: ['RUNTIME_UNSUPPORTED', 'AUTH_TOO_LARGE', 'AUTH_NOT_JSON', 'AUTH_NOT_OBJECT', 'AUTH_SCHEMA'],
      handle: (request) => upload(api, request),
    }),
    defineRoute({
      method: 'delete',
      path: '/users/me/runtime-configs/{runtime}/auth-json',
      access: 'user',
      summary: 'Takes the stored login of one runtime away; policies stay',
      answer: RuntimeConfigView,
      errors: ['RUNTIME_UNSUPPORTED'],
      handle: (request) => remove(api, request),
    }),
  ]
}

async function upload(api: ApiContext, request: ApiRequest<AuthUpload>): Promise<Answer> {
  const runtime = await lookUpRuntime(api, request.params['runtime'] ?? '')
  const document = parseAuthDocument(request.body.auth_json, runtime.spec.auth.validation)
  const state = await retryOnConflict(api, request.caller.principal.user.id, async () => {
    const state = await readState(api, request)
    requireKnown(request, state)
    return storeDocument(api, state, document)
  })
  const fields = { runtime: runtime.metadata.name }
  audit(api.logger, request.caller, { action: 'auth-json.upload', fields })
  return answerState(state)
}

async function remove(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const state = await retryOnConflict(api, request.caller.principal.user.id, async () => {
    const state = await readState(api, request)
    requireKnown(request, state)
    return removeDocument(api, state)
  })
  const fields = { runtime: state.runtime.metadata.name }
  audit(api.logger, request.caller, { action: 'auth-json.delete', fields })
  return answerState(state)
}
