import { z } from 'zod'

import { audit } from '#api/audit.ts'
import type { ApiContext } from '#api/deps.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { ERRORS, isAppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { isKindName } from '#crds/kinds.ts'

import { applyManifest } from './apply.ts'
import { costOfReading, parseManifests } from './parse.ts'
import { type ManifestScope, scopeOf } from './scope.ts'

const ApplyResult = z
  .object({
    kind: z
      .string()
      .nullable()
      .meta({ description: 'Kind of the manifest; null if it names none that is known.' }),
    name: z.string().nullable().meta({ description: 'Name of the object; null if the manifest has none.' }),
    namespace: z.string().nullable().meta({ description: 'The namespace that was applied to.' }),
    operation: z.enum(['created', 'updated', 'unchanged', 'failed']),
    success: z.boolean(),
    error: z
      .string()
      .nullable()
      .meta({ description: 'What is wrong with it, and what to do; null if nothing is.' }),
    code: z.string().nullable().meta({ description: 'Constant name of what is wrong; null if nothing is.' }),
  })
  .meta({ id: 'ApplyResult', description: 'What became of one manifest.' })

type ApplyResult = z.output<typeof ApplyResult>

const ApplyAnswer = z
  .object({
    success: z.boolean().meta({ description: 'Every manifest was applied.' }),
    message: z.string().meta({ example: 'Applied 1/2 resources' }),
    results: z.array(ApplyResult).meta({ description: 'One per manifest, in their order.' }),
  })
  .meta({ id: 'ApplyAnswer', description: 'What became of the manifests.' })

const ManifestText = z
  .string()
  .meta({ id: 'Manifests', description: 'One object, an array, a `List`, or several YAML documents.' })

const MAX_DEPTH = 100
const MAX_SHOWN_NAME = 253

/** The route that applies manifests. */
export function applyRoute(api: ApiContext): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/namespaces/{namespace}/apply',
    access: 'user-or-admin',
    // One request may write a thousand objects.
    cost: 20,
    costOfBody: costOfReading,
    summary: 'Applies manifests; one that is refused does not stop the others',
    body: ManifestText,
    bodyFormat: 'text',
    answer: ApplyAnswer,
    errors: ['NOT_FOUND'],
    handle: (request) => apply(api, request),
  })
}

async function apply(api: ApiContext, request: ApiRequest<string>): Promise<Answer> {
  const scope = await scopeOf(api, request)
  const items = parseManifests(request.body, MAX_DEPTH)
  const results: ApplyResult[] = []
  for (const item of items) results.push(await applyOne(api, { request, scope, item }))
  const applied = results.filter((result) => result.success).length
  const message = `Applied ${applied}/${items.length} resources`
  return { body: { success: applied === items.length, message, results }, etag: null }
}

interface Item {
  readonly request: ApiRequest<string>
  readonly scope: ManifestScope
  readonly item: unknown
}

// One bad manifest must not stop the others, so its refusal is an answer here; a bug still ends the request.
async function applyOne(api: ApiContext, { request, scope, item }: Item): Promise<ApplyResult> {
  const { shownNamespace, owner } = scope
  try {
    const { kind, name, operation } = await applyManifest(api, { scope, item, ifMatch: request.ifMatch })
    const fields = { kind, name, operation, owner: owner.name }
    if (operation !== 'unchanged') audit(api.logger, request.caller, { action: 'object.apply', fields })
    return { kind, name, namespace: shownNamespace, operation, success: true, error: null, code: null }
  } catch (error) {
    if (!isAppError(error) || ERRORS[error.code].status >= 500) throw error
    const { message, code } = error
    return {
      ...namesOf(item),
      namespace: shownNamespace,
      operation: 'failed',
      success: false,
      error: message,
      code,
    }
  }
}

function namesOf(item: unknown): Pick<ApplyResult, 'kind' | 'name'> {
  if (!isRecord(item)) return { kind: null, name: null }
  const { kind } = item
  const name = isRecord(item['metadata']) ? item['metadata']['name'] : null
  return {
    kind: typeof kind === 'string' && isKindName(kind) ? kind : null,
    name: typeof name === 'string' ? name.slice(0, MAX_SHOWN_NAME).toWellFormed() : null,
  }
}
