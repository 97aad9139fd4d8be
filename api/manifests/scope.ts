import type { ApiContext } from '#api/deps.ts'
import type { ApiRequest } from '#api/route.ts'
import { AppError } from '#core/errors.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import type { ObjectKey } from '#store/store.ts'
import type { User } from '#store/users.ts'

/** Where a request works: the owner of the namespace it names, and how the caller calls that namespace. */
export interface ManifestScope {
  readonly owner: User
  readonly isAdmin: boolean
  /** `default` for the caller's own, as in the path. */
  readonly shownNamespace: string
}

const OWN = 'default'

/**
 * Finds the namespace of a path. `default` is the caller's own; an administrator may name anybody's.
 * Rejects with `NOT_FOUND` for a namespace that is nobody's, and just the same for one that is somebody else's.
 */
export async function scopeOf(api: ApiContext, request: ApiRequest): Promise<ManifestScope> {
  const shownNamespace = request.params['namespace'] ?? OWN
  const { user, scopes } = request.caller.principal
  const isAdmin = scopes.has('admin')
  if (shownNamespace === OWN || shownNamespace === user.namespace)
    return { owner: user, isAdmin, shownNamespace }
  const owner = isAdmin ? await api.users.findByNamespace(shownNamespace) : undefined
  if (owner === undefined) throw new AppError('NOT_FOUND', 'namespace not found or access denied')
  return { owner, isAdmin, shownNamespace }
}

/** Refuses with `FORBIDDEN` a kind that belongs to the whole installation, unless an administrator asks. */
export function requireKindAccess(scope: ManifestScope, kind: KindName): void {
  if (scope.isAdmin || KINDS[kind].isNamespaced) return
  throw new AppError(
    'FORBIDDEN',
    `${kind} belongs to the whole installation and needs a token with the scope admin`,
  )
}

/** Gives the key of an object of this scope. */
export function keyOf(scope: ManifestScope, kind: KindName, name: string): ObjectKey {
  return KINDS[kind].isNamespaced ? { namespace: scope.owner.namespace, name } : { name }
}

/** Tells whether a manifest's namespace is the one the request works in; absent is. */
export function isInScope(scope: ManifestScope, namespace: unknown): boolean {
  return (
    namespace === undefined ||
    namespace === '' ||
    namespace === scope.shownNamespace ||
    namespace === scope.owner.namespace ||
    // A manifest for "my own" applied to another's namespace means that namespace, as with `kubectl -n`.
    namespace === OWN
  )
}
