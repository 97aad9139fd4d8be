import {
  configOverridesOf,
  detectRuntime,
  enrichExecution,
  type ExecutionFields,
  wantsConfig,
} from '#core/execution.ts'
import { readRuntimePreference } from '#core/preferences.ts'
import { findRuntime, type Runtime } from '#core/runtimes.ts'
import type { User } from '#store/users.ts'

import { configForExecution, type ExecutionConfigDeps } from './enrich-config.ts'
import type { FreshReads } from './fresh-reads.ts'
import type { OpenedProxies } from './opened-proxies.ts'
import type { ApiCaches } from './ports.ts'

/** What enrichment reads: memory, and the proxies that were opened. */
export interface EnricherDeps {
  readonly caches: Pick<ApiCaches, 'runtimes'>
  readonly memory: Pick<FreshReads, 'config' | 'proxy' | 'managedConfigs'>
  readonly openedProxies: OpenedProxies
  readonly configStacks: ExecutionConfigDeps['configStacks']
}

/**
 * Adds to a user's execution request what the executor needs to know of the user's configuration (spec 08).
 *
 * The request itself stays as it is. Rejects with `RUNTIME_UNSUPPORTED` when the request names a runtime that nobody
 * registered, and with `configValidationError` when it asks for the configuration with flags that make no sense or are not
 * allowed; never because of what the user stored.
 */
export type Enricher = (user: User, request: ExecutionFields) => Promise<ExecutionFields>

/** Makes the function behind `POST /execution-requests/enrich`, for back ends that run in this process. */
export function createEnricher(deps: EnricherDeps): Enricher {
  return async (user, request) => {
    const name = detectRuntime(request)
    if (name === null) return request
    const runtime = deps.caches.runtimes.get({ name }) ?? findRuntime([], name)
    const facts = await factsOf(deps, user, runtime)
    if (!wantsConfig(request)) return enrichExecution(request, facts)
    const overrides = configOverridesOf(request)
    return enrichExecution(request, {
      ...facts,
      config: await configForExecution({ user, runtime, overrides }, deps),
    })
  }
}

async function factsOf({ memory, openedProxies }: EnricherDeps, user: User, runtime: Runtime) {
  const { namespace } = user
  const name = runtime.metadata.name
  const auth = (await memory.config({ namespace, name }))?.spec.auth
  const proxy = await openedProxies.open(user, await memory.proxy({ namespace, name: 'default' }))
  return {
    runtime: name,
    targetPath: runtime.spec.auth.targetPath,
    preference: readRuntimePreference(user.preferences, name),
    authSha256: auth?.sha256 ?? null,
    configured: auth?.encryptedValue !== undefined || auth?.secretRef !== undefined,
    proxyUrl: proxy?.text ?? null,
    proxyConfigured: proxy !== null,
  }
}
