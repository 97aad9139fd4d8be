import { z } from 'zod'

import { etagOfBody } from '#api/answer.ts'
import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { requireMatch } from '#api/precondition.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { stopUsingProxy } from '#api/stop-using-proxy.ts'
import { AppError } from '#core/errors.ts'
import { API_VERSION } from '#crds/group.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import { findObject } from '#store/find-object.ts'
import type { ListOptions } from '#store/store.ts'

import { applyRoute } from './apply-route.ts'
import { kindOfPath } from './kinds.ts'
import { keyOf, type ManifestScope, requireKindAccess, scopeOf } from './scope.ts'
import { toShown } from './sealed-fields.ts'

const Manifest = z
  .looseObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string() }),
  })
  .meta({ id: 'Manifest', description: 'An object as its CRD describes it, without what is sealed in it.' })

const ManifestList = z
  .looseObject({
    apiVersion: z.literal(API_VERSION),
    kind: z
      .string()
      .meta({ description: 'Kind of the items, and `List`.', example: 'UserRuntimeConfigList' }),
    metadata: z.looseObject({ resourceVersion: z.string() }),
    items: z.array(Manifest),
  })
  .meta({ id: 'ManifestList', description: 'Objects of one kind.' })

const LIST_PATH = '/v1/namespaces/{namespace}/{kind}'
const OBJECT_PATH = `${LIST_PATH}/{name}`

/** The declarative routes: objects are applied, listed, shown and deleted as manifests. */
export function manifestRoutes(api: ApiContext): readonly Route[] {
  return [
    applyRoute(api),
    defineRoute({
      method: 'get',
      path: LIST_PATH,
      access: 'user-or-admin',
      summary: 'Lists objects of one kind; takes labelSelector, fieldSelector, limit and continue',
      answer: ManifestList,
      errors: ['NOT_FOUND', 'REQUEST_MALFORMED', 'EXPIRED'],
      handle: (request) => list(api, request),
    }),
    defineRoute({
      method: 'get',
      path: OBJECT_PATH,
      access: 'user-or-admin',
      summary: 'Shows one object',
      answer: Manifest,
      errors: ['NOT_FOUND'],
      handle: (request) => show(api, request),
    }),
    defineRoute({
      method: 'delete',
      path: OBJECT_PATH,
      access: 'user-or-admin',
      summary: 'Deletes one object',
      answer: Manifest,
      errors: ['NOT_FOUND'],
      handle: (request) => remove(api, request),
    }),
  ]
}

interface Target {
  readonly scope: ManifestScope
  readonly kind: KindName
}

async function targetOf(api: ApiContext, request: ApiRequest): Promise<Target> {
  const scope = await scopeOf(api, request)
  const kind = kindOfPath(request.params['kind'] ?? '')
  requireKindAccess(scope, kind)
  return { scope, kind }
}

async function list(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const { scope, kind } = await targetOf(api, request)
  const place = KINDS[kind].isNamespaced ? { namespace: scope.owner.namespace } : {}
  const { items, metadata } = await api.store.list(kind, { ...listOptions(request), ...place })
  const shown = items.map((object) => toShown(object, scope.shownNamespace))
  const body = { apiVersion: API_VERSION, kind: KINDS[kind].listKind, metadata, items: shown }
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return { body }
}

function listOptions({ query }: ApiRequest): ListOptions {
  const texts = ['labelSelector', 'fieldSelector', 'continue'] as const
  const given = texts.flatMap((name) =>
    query[name] === undefined ? [] : [[name, textOf(name, query[name])]],
  )
  if (query['limit'] === undefined) return Object.fromEntries(given)
  const limit = textOf('limit', query['limit'])
  if (!/^\d{1,6}$/.test(limit)) throw new AppError('REQUEST_MALFORMED', 'limit: expected a whole number')
  return { ...Object.fromEntries(given), limit: Number(limit) }
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw new AppError('REQUEST_MALFORMED', `${name}: expected it once`)
}

async function show(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const { scope, kind } = await targetOf(api, request)
  const body = toShown(await requireObject(api, { scope, kind, request }), scope.shownNamespace)
  if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
  return { body }
}

async function remove(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const { scope, kind } = await targetOf(api, request)
  const body = await retryOnConflict(api, scope.owner.id, async () => {
    const object = await requireObject(api, { scope, kind, request })
    const body = toShown(object, scope.shownNamespace)
    if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfBody(body))
    const { resourceVersion } = object.metadata
    const preconditions = request.ifMatch === null || resourceVersion === undefined ? {} : { resourceVersion }
    await api.store.delete(kind, keyOf(scope, kind, object.metadata.name), { preconditions })
    return body
  })
  if (kind === 'UserProxyConfig') await stopUsingProxy(api, scope.owner.id)
  const fields = { kind, name: request.params['name'] ?? '', owner: scope.owner.name }
  audit(api.logger, request.caller, { action: 'object.delete', fields })
  return { body }
}

async function requireObject(
  api: ApiContext,
  { scope, kind, request }: Target & { readonly request: ApiRequest },
) {
  const name = request.params['name'] ?? ''
  const object = await findObject(api.store, kind, keyOf(scope, kind, name))
  if (object !== undefined) return object
  throw new AppError('NOT_FOUND', `there is no such ${kind}`)
}
