import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { requireMatch } from '#api/precondition.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { AppError } from '#core/errors.ts'
import { UserList, UserUpdate, UserView } from '#protocol/user.ts'
import type { User } from '#store/users.ts'

/** Routes by which an administrator sees who there is, and locks people out and lets them back in. */
export function userRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/users',
      access: 'admin',
      summary: 'Lists everybody, deactivated users included',
      answer: UserList,
      handle: (request) => list(api, request),
    }),
    defineRoute({
      method: 'put',
      path: '/users/{name}',
      access: 'admin',
      summary: 'Deactivates a user, connected devices included, or activates one again',
      body: UserUpdate,
      answer: UserView,
      errors: ['NOT_FOUND', 'SELF_DEACTIVATION'],
      handle: (request) => put(api, request),
    }),
  ]
}

async function list(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const body = await readList(api)
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return { body }
}

async function put(api: ApiContext, request: ApiRequest<UserUpdate>): Promise<Answer> {
  const isActive = request.body.is_active
  const user = await api.users.findByName(request.params['name'] ?? '')
  if (user === undefined) throw new AppError('NOT_FOUND', 'there is no user of this name')
  await requireKnown(api, request, user)
  if (!isActive && user.id === request.caller.principal.user.id) {
    throw new AppError(
      'SELF_DEACTIVATION',
      'you cannot deactivate yourself; another administrator can, with a token of their own',
    )
  }
  const changed = await api.users.setActive(user.id, isActive)
  const action = isActive ? 'user.activate' : 'user.deactivate'
  audit(api.logger, request.caller, { action, fields: { name: user.name } })
  return { body: view(changed) }
}

// One user is shown by the list and by a change; the version of either says what the caller knows.
async function requireKnown(api: ApiContext, { ifMatch }: ApiRequest, user: User): Promise<void> {
  if (ifMatch === null || ifMatch.includes(etagOfBody(view(user)))) return
  requireMatch(ifMatch, etagOfBody(await readList(api)))
}

async function readList(api: ApiContext): Promise<UserList> {
  const users = await api.users.list()
  return { items: users.toSorted((one, other) => (one.name < other.name ? -1 : 1)).map(view) }
}

function view({ name, email, role, isActive, namespace }: User): UserView {
  return { name, email, role, is_active: isActive, namespace }
}
