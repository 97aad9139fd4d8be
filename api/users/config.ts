import { audit } from '#api/audit.ts'
import { toRefusal } from '#api/config-faults.ts'
import { MAX_CONFIG_BYTES, type OpenedConfig } from '#api/config-stacks.ts'
import { etagOfConfig, viewConfig } from '#api/config-view.ts'
import type { ApiContext } from '#api/deps.ts'
import { lookUpRuntime } from '#api/look-up-runtime.ts'
import { requireMatch } from '#api/precondition.ts'
import { retryOnConflict } from '#api/retry.ts'
import { type Answer, type ApiRequest, defineRoute, type Route } from '#api/route.ts'
import { readUser, type StateSource } from '#api/state-source.ts'
import { AppError } from '#core/errors.ts'
import type { Runtime } from '#core/runtimes.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { toJson } from '#layers/json/render.ts'
import { stackOfTexts } from '#layers/stack-of-texts.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { type ConfigEdit, planWrite, type WritePlan } from '#layers/write/write.ts'
import { ConfigEdits, ConfigView, ConfigWritten } from '#protocol/config.ts'
import type { User } from '#store/users.ts'

import { placeOfFault, readConfigEdits } from './config-edits.ts'
import { storeLayer } from './store-layer.ts'

const PATH = '/users/me/runtime-configs/{runtime}/config'

/** Routes that show a user's layered configuration, and change the user's own layer. */
export function configRoutes(api: ApiContext): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: PATH,
      access: 'user',
      summary: 'Shows the configuration that applies, and which layer supplies each setting',
      query: { include: '`layers` adds every layer with what it says.' },
      answer: ConfigView,
      errors: ['RUNTIME_UNSUPPORTED', 'CONFIG_UNSUPPORTED', 'DECRYPT_FAILED', 'CONFIG_UNUSABLE'],
      handle: (request) => show(api, request),
    }),
    defineRoute({
      method: 'put',
      path: PATH,
      access: 'user',
      summary: "Edits the user's own layer; comments and untouched lines stay",
      body: ConfigEdits,
      answer: ConfigWritten,
      errors: [
        'RUNTIME_UNSUPPORTED',
        'CONFIG_UNSUPPORTED',
        'DECRYPT_FAILED',
        'CONFIG_UNUSABLE',
        'configValidationError',
        'configVersionConflict',
      ],
      handle: (request) => put(api, request),
    }),
  ]
}

interface ConfigState {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'> | undefined
  readonly opened: OpenedConfig
}

async function show(api: ApiContext, request: ApiRequest): Promise<Answer> {
  const withLayers = includesLayers(request.query['include'])
  const { opened } = await readConfig(api, request, api.memory)
  const etag = etagOfConfig(opened.stack)
  requireMatch(request.ifMatch, etag)
  return { body: viewConfig(opened.stack, withLayers), etag, cacheControl: 'no-store' }
}

function includesLayers(include: unknown): boolean {
  if (include === undefined || include === '') return false
  if (include === 'layers') return true
  throw new AppError('REQUEST_MALFORMED', 'include: expected layers, or no such parameter')
}

async function put(api: ApiContext, request: ApiRequest<ConfigEdits>): Promise<Answer> {
  const edits = readConfigEdits(request.bodyText)
  const { state, plan } = await retryOnConflict(api, request.caller.principal.user.id, async () => {
    const state = await readConfig(api, request, api.stored)
    if (request.ifMatch !== null) requireMatch(request.ifMatch, etagOfConfig(state.opened.stack))
    const plan = planEdits(state.opened, edits, request.body.expectedVersion ?? null)
    const layer = { text: new Secret(plan.text), version: plan.nextVersion }
    if (plan.changed) await storeLayer(api, { ...state, format: state.opened.profile.format }, layer)
    return { state, plan }
  })
  const fields = { runtime: state.runtime.metadata.name, edits: edits.length }
  if (plan.changed) audit(api.logger, request.caller, { action: 'config.write', fields })
  return { body: viewWritten(plan), etag: etagOfConfig(stackAfter(state.opened, plan)) }
}

async function readConfig(api: ApiContext, request: ApiRequest, from: StateSource): Promise<ConfigState> {
  const runtime = await lookUpRuntime(api, request.params['runtime'] ?? '')
  const user = await readUser(from, request.caller.principal.user.id)
  const config = await from.config({ namespace: user.namespace, name: runtime.metadata.name })
  const managed = await from.managedConfigs()
  const opened = await api.configStacks.open({ user, runtime, config, managed })
  return { user, runtime, config, opened }
}

function planEdits(
  { stack, userText }: OpenedConfig,
  edits: readonly ConfigEdit[],
  expectedVersion: string | null,
): WritePlan {
  const plan = refusing(
    () => planWrite({ stack, text: userText.open(), edits, expectedVersion }),
    () => placeOfFault(stack, edits),
  )
  const bytes = Buffer.byteLength(plan.text)
  if (bytes <= MAX_CONFIG_BYTES) return plan
  throw new AppError(
    'configValidationError',
    `edits: expected settings of at most ${MAX_CONFIG_BYTES} bytes in all, got ${bytes}`,
  )
}

function refusing<T>(work: () => T, place: () => string | undefined): T {
  try {
    return work()
  } catch (error) {
    throw toRefusal(error, place())
  }
}

function stackAfter({ profile, userFile, managed, stack }: OpenedConfig, plan: WritePlan): ConfigLayerStack {
  return plan.changed ? stackOfTexts({ profile, userFile, managed, userText: plan.text }) : stack
}

function viewWritten({ result, nextVersion }: WritePlan): ConfigWritten {
  const { status, overriddenMetadata: overridden } = result
  if (overridden === null) return { status, version: nextVersion, overriddenMetadata: null }
  const { message, overridingLayer, effectiveValue } = overridden
  const value = effectiveValue === null ? null : toJson(effectiveValue)
  return {
    status,
    version: nextVersion,
    overriddenMetadata: { message, overridingLayer, effectiveValue: value },
  }
}
