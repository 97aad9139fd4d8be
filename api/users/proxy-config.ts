import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { requireMatch } from '#api/precondition.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { readUser } from '#api/state-source.ts'
import { stopUsingProxy } from '#api/stop-using-proxy.ts'
import { parseProxyUrl, type ProxyUrl } from '#core/proxy.ts'
import { viewProxyConfig } from '#core/runtime-config-view.ts'
import { timeAfter } from '#core/time-after.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { ProxyConfigUpdate, ProxyConfigView } from '#protocol/proxy-config.ts'
import { proxyPlace } from '#secrets/places.ts'
import type { NewObject } from '#store/store.ts'
import type { User } from '#store/users.ts'

import { type ProxyState, readProxy } from './state.ts'

/** Routes that show and set the personal proxy. */
export function proxyConfigRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/users/me/proxy-config',
      access: 'user',
      summary: 'Shows the personal proxy, masked',
      answer: ProxyConfigView,
      handle: async (request) => {
        const user = await readUser(api.memory, request.caller.principal.user.id)
        const state = await readProxy(api, api.memory, user)
        requireKnown(request, state)
        return { body: view(state) }
      },
    }),
    defineRoute({
      method: 'put',
      path: '/users/me/proxy-config',
      access: 'user',
      summary: 'Saves the personal proxy; an empty URL clears it',
      body: ProxyConfigUpdate,
      answer: ProxyConfigView,
      errors: ['PROXY_INVALID'],
      handle: (request) => put(api, request),
    }),
  ]
}

async function put(api: ApiContext, request: ApiRequest<ProxyConfigUpdate>): Promise<Answer> {
  const url = parseProxyUrl(request.body.proxy_url)
  const userId = request.caller.principal.user.id
  const object = await retryOnConflict(api, userId, async () => {
    const user = await readUser(api.stored, userId)
    const state = await readProxy(api, api.stored, user)
    requireKnown(request, state)
    return url === null ? clear(api, user, state) : save(api, { user, state, url })
  })
  if (url === null) await stopUsingProxy(api, userId)
  audit(api.logger, request.caller, { action: url === null ? 'proxy.clear' : 'proxy.save', fields: {} })
  return { body: view({ object, url }) }
}

interface ProxyChange {
  readonly user: User
  readonly state: ProxyState
  readonly url: ProxyUrl
}

async function save(
  api: ApiContext,
  { user, state, url }: ProxyChange,
): Promise<ObjectOf<'UserProxyConfig'>> {
  const encryptedUrl = await api.sealer.seal(url.text, proxyPlace(user))
  const before = state.object?.spec
  const updatedAt = timeAfter(api.clock.now(), before?.updatedAt)
  const spec = { ...before, proxy: { encryptedUrl, sha256: url.sha256, updatedAt }, updatedAt }
  return write(api, { user, state, spec })
}

async function clear(
  api: ApiContext,
  user: User,
  state: ProxyState,
): Promise<ObjectOf<'UserProxyConfig'> | undefined> {
  if (state.object?.spec.proxy === undefined) return state.object
  const { proxy: _, ...kept } = state.object.spec
  const spec = { ...kept, updatedAt: timeAfter(api.clock.now(), kept.updatedAt) }
  return write(api, { user, state, spec })
}

interface ProxyWrite {
  readonly user: User
  readonly state: ProxyState
  readonly spec: ObjectOf<'UserProxyConfig'>['spec']
}

function write(api: ApiContext, { user, state, spec }: ProxyWrite): Promise<ObjectOf<'UserProxyConfig'>> {
  const object: NewObject<'UserProxyConfig'> = {
    apiVersion: API_VERSION,
    kind: 'UserProxyConfig',
    metadata: state.object?.metadata ?? { name: 'default', namespace: user.namespace },
    spec,
  }
  return state.object === undefined
    ? api.store.create('UserProxyConfig', object)
    : api.store.update('UserProxyConfig', object)
}

function requireKnown(request: ApiRequest, state: ProxyState): void {
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(view(state)))
}

function view({ object, url }: ProxyState): ProxyConfigView {
  return viewProxyConfig({ proxy: object, maskedUrl: url?.masked ?? null })
}
