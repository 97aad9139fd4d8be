import { AppError } from '#core/errors.ts'
import { ExecutionRequest } from '#protocol/execution.ts'
import type { User } from '#store/users.ts'

import type { ApiContext } from './deps.ts'
import { createEnricher } from './enrich-execution.ts'
import { type ApiRequest, defineRoute, type Route } from './route.ts'

/** The route of execution back ends. */
export function executionRequestRoutes(api: ApiContext): readonly Route[] {
  const enrich = createEnricher(api)
  return [
    defineRoute({
      method: 'post',
      path: '/execution-requests/enrich',
      access: 'execution',
      summary: "Adds the user's proxy and runtime configuration to an execution request",
      // What is checked is not what is used: the request is handed on as it came, unusual keys and numbers included.
      body: ExecutionRequest,
      bodyFormat: 'exact-json',
      isBodyPassedOn: true,
      answer: ExecutionRequest,
      errors: ['RUNTIME_UNSUPPORTED', 'configValidationError', 'NOT_FOUND'],
      headers: { 'X-On-Behalf-Of': 'Name of the user the back end acts for; absent: the user of the token.' },
      handle: async (request) => {
        const body = await enrich(await actingFor(api, request), request.body)
        return { body, cacheControl: 'no-store', etag: null }
      },
    }),
  ]
}

async function actingFor(api: ApiContext, { caller, onBehalfOf }: ApiRequest): Promise<User> {
  const { user: own } = caller.principal
  const named = onBehalfOf === null ? own : await findByName(api, onBehalfOf)
  const user = named && (await api.memory.user(named.id))
  if (user?.isActive === true) return user
  throw new AppError('NOT_FOUND', 'the user in X-On-Behalf-Of does not exist or is deactivated')
}

async function findByName(api: ApiContext, name: string): Promise<User | undefined> {
  return api.caches.users.findByName(name) ?? (await api.users.findByName(name))
}
