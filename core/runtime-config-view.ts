import type { ObjectOf } from '#crds/kinds.ts'
import type { ProxyConfigView } from '#protocol/proxy-config.ts'
import type { RuntimeConfigView } from '#protocol/runtime-config.ts'

import { readRuntimePreference } from './preferences.ts'
import type { Runtime } from './runtimes.ts'

/** The personal proxy as far as it is known. */
export interface ProxyFacts {
  /** Absent: the user never had one. */
  readonly proxy?: ObjectOf<'UserProxyConfig'> | undefined
  /**
   * The mask of the URL as it opened just now; `null`: it does not open, and counts as not configured. Absent: what the
   * status of the resource says.
   */
  readonly maskedUrl?: string | null | undefined
}

/** Everything a {@link RuntimeConfigView} is made of. */
export interface RuntimeConfigFacts extends ProxyFacts {
  readonly runtime: Runtime
  /** Absent: the user stored nothing for this runtime. */
  readonly config?: ObjectOf<'UserRuntimeConfig'> | undefined
  readonly preferences: Readonly<Record<string, unknown>>
}

/** Shows a user one runtime: exactly the twelve keys of the contract, and nothing that is secret. */
export function viewRuntimeConfig(facts: RuntimeConfigFacts): RuntimeConfigView {
  const { runtime, config } = facts
  const preference = readRuntimePreference(facts.preferences, runtime.metadata.name)
  const proxy = viewProxyConfig(facts)
  const auth = storedAuth(config)
  return {
    runtime: runtime.metadata.name,
    display_name: runtime.spec.displayName,
    use_user_config: preference.useUserConfig,
    use_proxy: preference.useProxy,
    configured: auth !== undefined,
    target_path: runtime.spec.auth.targetPath,
    auth_json_sha256: auth?.sha256 ?? null,
    auth_json_updated_at: auth?.updatedAt ?? null,
    proxy_configured: proxy.configured,
    proxy_url_masked: proxy.proxy_url_masked,
    proxy_updated_at: proxy.proxy_updated_at,
    updated_at: config?.spec.updatedAt ?? null,
  }
}

/** Shows a user the personal proxy. */
export function viewProxyConfig(facts: ProxyFacts): ProxyConfigView {
  const spec = facts.proxy?.spec
  const masked = maskOf(facts)
  return {
    configured: masked !== null,
    proxy_url_masked: masked ?? '',
    proxy_updated_at: spec?.proxy?.updatedAt ?? null,
    updated_at: spec?.updatedAt ?? null,
  }
}

/** `null`: there is no proxy, or none that opens. */
function maskOf({ proxy, maskedUrl }: ProxyFacts): string | null {
  if (proxy?.spec.proxy === undefined) return null
  return maskedUrl === undefined ? (proxy.status?.maskedUrl ?? '') : maskedUrl
}

type StoredAuth = NonNullable<ObjectOf<'UserRuntimeConfig'>['spec']['auth']>

/** A resource may set policies and store no login. */
function storedAuth(config: ObjectOf<'UserRuntimeConfig'> | undefined): StoredAuth | undefined {
  const auth = config?.spec.auth
  return auth?.encryptedValue === undefined && auth?.secretRef === undefined ? undefined : auth
}
