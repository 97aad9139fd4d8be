import { etagOfBody } from '#api/answer.ts'
import type { ApiContext } from '#api/deps.ts'
import { type IfMatch, requireMatch } from '#api/precondition.ts'
import { retryOnConflict } from '#api/retry.ts'
import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { API_VERSION } from '#crds/group.ts'
import type { KindName, ObjectOf } from '#crds/kinds.ts'
import { KINDS } from '#crds/kinds.ts'
import { normalizeObject } from '#crds/normalize.ts'
import { validateObject } from '#crds/validate.ts'
import { findObject } from '#store/find-object.ts'

import { kindOfManifest } from './kinds.ts'
import { MERGES } from './merge.ts'
import { isInScope, keyOf, type ManifestScope, requireKindAccess } from './scope.ts'
import { toShown, withoutDescriptions } from './sealed-fields.ts'

/** What became of one manifest. */
export interface Applied {
  readonly kind: KindName
  readonly name: string
  readonly operation: 'created' | 'updated' | 'unchanged'
}

/** One manifest, where it is applied, and the versions the caller is willing to replace. */
export interface ApplyRequest {
  readonly scope: ManifestScope
  readonly item: unknown
  readonly ifMatch: IfMatch
}

/**
 * Makes the stored object what one manifest says, without ever touching another user's.
 *
 * Rejects with `INVALID`, `FORBIDDEN`, `NOT_FOUND` (another namespace), `PRECONDITION_FAILED`, `CONFLICT` (a manifest with a
 * `resourceVersion` that is not the current one) or the codes of an auth document.
 */
export async function applyManifest(api: ApiContext, request: ApplyRequest): Promise<Applied> {
  const { item, scope } = request
  if (!isRecord(item))
    throw new AppError('INVALID', 'expected an object with apiVersion, kind, metadata and spec')
  const kind = kindOfManifest(item['kind'])
  requireKindAccess(scope, kind)
  const manifest = checkManifest(kind, scope, item)
  const task = (): Promise<Applied> => write(api, { ...request, kind, manifest })
  // With a version of its own the manifest wants this one write or none.
  return manifest.metadata.resourceVersion === undefined ? retryOnConflict(api, scope.owner.id, task) : task()
}

function checkManifest<K extends KindName>(
  kind: K,
  scope: ManifestScope,
  item: Readonly<Record<string, unknown>>,
): ObjectOf<K> {
  const metadata = isRecord(item['metadata']) ? item['metadata'] : {}
  if (KINDS[kind].isNamespaced && !isInScope(scope, metadata['namespace'])) {
    throw new AppError('NOT_FOUND', 'metadata.namespace: namespace not found or access denied')
  }
  const { namespace: _, ...named } = metadata
  const place = KINDS[kind].isNamespaced ? { namespace: scope.owner.namespace } : {}
  const manifest = withoutDescriptions(kind, { ...item, metadata: { ...named, ...place } })
  const violations = validateObject(kind, manifest)
  if (violations.length > 0) {
    throw new AppError(
      'INVALID',
      violations
        .slice(0, 5)
        .map(({ path, message }) => `${path}: ${message}`)
        .join('; '),
    )
  }
  return normalizeObject(kind, manifest) as ObjectOf<K>
}

interface Write<K extends KindName> extends ApplyRequest {
  readonly kind: K
  readonly manifest: ObjectOf<K>
}

async function write<K extends KindName>(api: ApiContext, request: Write<K>): Promise<Applied> {
  const { kind, manifest, scope, ifMatch } = request
  const { name } = manifest.metadata
  const stored = await findObject(api.store, kind, keyOf(scope, kind, name))
  if (ifMatch !== null)
    requireMatch(ifMatch, stored === undefined ? '' : etagOfBody(toShown(stored, scope.shownNamespace)))
  const spec = await MERGES[kind](api, { scope, manifest, stored })
  const object = {
    apiVersion: API_VERSION,
    kind,
    metadata: metadataOf(request, stored),
    spec,
  } as unknown as ObjectOf<K>
  if (stored === undefined) {
    await api.store.create(kind, object)
    return { kind, name, operation: 'created' }
  }
  const { metadata } = await api.store.update(kind, object)
  const isChanged = metadata.resourceVersion !== stored.metadata.resourceVersion
  return { kind, name, operation: isChanged ? 'updated' : 'unchanged' }
}

function metadataOf<K extends KindName>(
  { manifest, scope }: Write<K>,
  stored: ObjectOf<K> | undefined,
): ObjectOf<K>['metadata'] {
  const given = manifest.metadata
  const kept = stored?.metadata ?? {
    name: given.name,
    ...(given.namespace !== undefined && { namespace: given.namespace }),
  }
  return {
    ...kept,
    ...(given.resourceVersion !== undefined && { resourceVersion: given.resourceVersion }),
    ...(given.uid !== undefined && { uid: given.uid }),
    ...(given.labels && { labels: given.labels }),
    ...(given.annotations && { annotations: given.annotations }),
    // Finalizers hold a deletion up, owners cause one: neither is for people to set on what the operator looks after.
    ...(scope.isAdmin && given.finalizers && { finalizers: given.finalizers }),
  }
}
