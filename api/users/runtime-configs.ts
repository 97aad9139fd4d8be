import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { type IfMatch, requireMatch } from '#api/precondition.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { readUser, type StateSource } from '#api/state-source.ts'
import { AppError } from '#core/errors.ts'
import { withRuntimePreference } from '#core/preferences.ts'
import { requireProxyScheme } from '#core/runtimes.ts'
import { RuntimeConfigList, RuntimeConfigUpdate, RuntimeConfigView } from '#protocol/runtime-config.ts'
import type { User } from '#store/users.ts'

import { readProxy, readRuntimeState, type RuntimeState, viewState } from './state.ts'

/** Routes that show a user's runtimes, and switch them. */
export function runtimeConfigRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/users/me/runtime-configs',
      access: 'user',
      summary: 'Lists the registered runtimes as the user has them',
      answer: RuntimeConfigList,
      handle: (request) => list(api, request),
    }),
    defineRoute({
      method: 'get',
      path: '/users/me/runtime-configs/{runtime}',
      access: 'user',
      summary: 'Shows one runtime',
      answer: RuntimeConfigView,
      errors: ['RUNTIME_UNSUPPORTED'],
      handle: async (request) => {
        const state = await readState(api, request, api.memory)
        return answerState(state, request.ifMatch)
      },
    }),
    defineRoute({
      method: 'put',
      path: '/users/me/runtime-configs/{runtime}',
      access: 'user',
      summary: 'Switches the login and the proxy of one runtime on or off',
      body: RuntimeConfigUpdate,
      answer: RuntimeConfigView,
      errors: ['RUNTIME_UNSUPPORTED', 'PROXY_NOT_CONFIGURED', 'PROXY_SCHEME_UNSUPPORTED'],
      handle: (request) => put(api, request),
    }),
  ]
}

/** Reads the state that a request's path and token name; by default from the store, to change it. */
export function readState(
  api: ApiContext,
  request: ApiRequest,
  from: StateSource = api.stored,
): Promise<RuntimeState> {
  const { id: userId } = request.caller.principal.user
  return readRuntimeState(api, from, { userId, runtime: request.params['runtime'] ?? '' })
}

/** Answers with a state, if it is one that the caller is willing to see. */
export function answerState(state: RuntimeState, ifMatch: IfMatch = null): Answer {
  const body = viewState(state)
  if (ifMatch !== null) requireMatch(ifMatch, etagOfBody(body))
  return { body }
}

/** Refuses with `PRECONDITION_FAILED` unless the caller knows this state; see {@link requireMatch}. */
export function requireKnown(request: ApiRequest, state: RuntimeState): void {
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(viewState(state)))
}

async function list(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const user = await readUser(api.memory, request.caller.principal.user.id)
  const proxy = await readProxy(api, api.memory, user)
  const runtimes = await api.memory.runtimes()
  const items = await Promise.all(
    runtimes.map(async (runtime) => {
      const key = { namespace: user.namespace, name: runtime.metadata.name }
      return viewState({ user, runtime, config: await api.memory.config(key), proxy })
    }),
  )
  const body = { items }
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return { body }
}

async function put(api: ApiContext, request: ApiRequest<RuntimeConfigUpdate>): Promise<Answer> {
  const state = await retryOnConflict(api, request.caller.principal.user.id, async () => {
    const state = await readState(api, request)
    requireKnown(request, state)
    if (request.body.use_proxy === true) requireUsableProxy(state)
    return { ...state, user: await setPreference(api, state, request.body) }
  })
  const { use_user_config, use_proxy } = request.body
  audit(api.logger, request.caller, {
    action: 'preferences.set',
    fields: {
      runtime: state.runtime.metadata.name,
      use_user_config,
      ...(typeof use_proxy === 'boolean' && { use_proxy }),
    },
  })
  return answerState(state)
}

function requireUsableProxy({ runtime, proxy }: RuntimeState): void {
  if (proxy.url === null) throw new AppError('PROXY_NOT_CONFIGURED', 'proxy is not configured')
  requireProxyScheme(runtime, proxy.url.scheme)
}

function setPreference(
  api: ApiContext,
  { user, runtime }: RuntimeState,
  update: RuntimeConfigUpdate,
): Promise<User> {
  const change = {
    useUserConfig: update.use_user_config,
    ...(typeof update.use_proxy === 'boolean' && { useProxy: update.use_proxy }),
  }
  return api.users.updatePreferences(user.id, {
    expectedVersion: user.resourceVersion,
    preferences: withRuntimePreference(user.preferences, runtime.metadata.name, change),
  })
}
