import type { ExecutionRuntimeConfig } from '#protocol/execution.ts'

import { isRecord } from './json.ts'
import type { RuntimePreference } from './preferences.ts'
import { runtimeNameOf } from './runtimes.ts'
import type { Secret } from './secret.ts'

/** An execution request as a back end sent it; most of its keys are none of our business. */
export type ExecutionFields = Readonly<Record<string, unknown>>

/** What is added for {@link wantsConfig}. */
export type ExecutionConfigFacts = Pick<ExecutionRuntimeConfig, 'config' | 'config_reason'>

/** What is known of the user and the runtime of a request. */
export interface ExecutionFacts {
  readonly runtime: string
  readonly targetPath: string
  readonly preference: RuntimePreference
  /** Of the stored login; `null`: none, or unknown. */
  readonly authSha256: string | null
  /** A login is stored. */
  readonly configured: boolean
  /** `null`: no proxy is saved, or it does not open, or nobody needs it because the preference is off. */
  readonly proxyUrl: Secret<string> | null
  /** A proxy is saved and opens. */
  readonly proxyConfigured: boolean
  /** The layered configuration, or why there is none; absent: the request does not ask for it. */
  readonly config?: ExecutionConfigFacts
}

/**
 * Tells which runtime a request is for: the one it names, else `codex` when the model is OpenAI's behind the Responses API.
 *
 * @returns the name as the registry has it, not yet looked up; `null`: none, so the request is to stay as it is
 */
export function detectRuntime(request: ExecutionFields): string | null {
  const named = own(request, 'runtime')
  if (isText(named)) return runtimeNameOf(named)
  const model = record(own(request, 'model_config'))
  return folded(own(model, 'model')) === 'openai' && speaksResponses(model) ? 'codex' : null
}

/** Says whether a request asks for the layered configuration: `include: ["config"]`. */
export function wantsConfig(request: ExecutionFields): boolean {
  const include = own(request, 'include')
  return Array.isArray(include) && include.includes('config')
}

/** The session flags that a request brings, as they came. */
export function configOverridesOf(request: ExecutionFields): unknown {
  return own(record(own(request, 'model_config')), 'config_overrides')
}

/**
 * Adds what an executor needs to know of the user's configuration; see spec 08 for where. What the request has besides
 * stays, the given object is not changed, and enriching twice is the same as once.
 */
export function enrichExecution(request: ExecutionFields, facts: ExecutionFacts): ExecutionFields {
  const model = record(own(request, 'model_config'))
  const state: ExecutionRuntimeConfig = {
    use_user_config: facts.preference.useUserConfig && !bringsCredentials(model),
    configured: facts.configured,
    target_path: facts.targetPath,
    auth_json_sha256: facts.authSha256,
    use_proxy: facts.preference.useProxy,
    proxy_configured: facts.proxyConfigured,
    ...facts.config,
  }
  const runtimeConfig = { ...record(own(model, 'runtime_config')), [facts.runtime]: state }
  const enriched = { ...request, model_config: { ...model, runtime_config: runtimeConfig } }
  if (!facts.preference.useProxy || facts.proxyUrl === null) return enriched
  const url = facts.proxyUrl.open()
  return {
    ...enriched,
    proxy: { ...record(own(request, 'proxy')), url },
    model_config: { ...enriched.model_config, proxy: { ...record(own(model, 'proxy')), url } },
  }
}

function speaksResponses(model: ExecutionFields): boolean {
  return (
    ['api_format', 'apiFormat', 'wire_api'].some((key) => folded(own(model, key)) === 'responses') ||
    folded(own(model, 'protocol')) === 'openai-responses'
  )
}

/** The user's own login must not shadow credentials that came with the model. */
function bringsCredentials(model: ExecutionFields): boolean {
  return isText(own(model, 'base_url')) && isText(own(model, 'api_key'))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}

function folded(value: unknown): string | null {
  return typeof value === 'string' ? value.trim().toLowerCase() : null
}

function record(value: unknown): ExecutionFields {
  return isRecord(value) ? value : {}
}

function own(from: ExecutionFields, key: string): unknown {
  return Object.hasOwn(from, key) ? from[key] : undefined
}
