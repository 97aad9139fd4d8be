import type { output } from 'zod'

import type { ObjectOf } from '#crds/kinds.ts'
import type { agentRuntime } from '#protocol/register.ts'

import type { RuntimeTarget } from './device-command.ts'
import { AppError } from './errors.ts'
import type { ProxyScheme } from './proxy.ts'

/** A registered runtime. */
export type Runtime = ObjectOf<'Runtime'>

/** What our agent is told of a runtime. */
export type AgentRuntime = output<typeof agentRuntime>

const MAX_SHOWN = 100

/** Gives the name under which the registry knows what a person typed. */
export function runtimeNameOf(text: string): string {
  return text.trim().toLowerCase()
}

/**
 * Finds the runtime that a text from a path or a body names, white space around it and letter case aside.
 *
 * @throws AppError `RUNTIME_UNSUPPORTED`, with the text as given, shortened when it is very long
 */
export function findRuntime(runtimes: readonly Runtime[], text: string): Runtime {
  const name = runtimeNameOf(text)
  const runtime = runtimes.find((candidate) => candidate.metadata.name === name)
  if (runtime) return runtime
  throw new AppError('RUNTIME_UNSUPPORTED', `Unsupported runtime: ${shorten(text)}`)
}

/** Tells devices where a runtime's auth file is. */
export function targetOf(runtime: Runtime): RuntimeTarget {
  const { targetPath, homeVariable } = runtime.spec.auth
  return { targetPath, homeVariable: homeVariable ?? null }
}

/** Tells our agent about a runtime, in the form of the register answer and of `device:runtimes`. */
export function agentRuntimeOf(runtime: Runtime): AgentRuntime {
  const { auth, processName, config } = runtime.spec
  return {
    name: runtime.metadata.name,
    target_path: auth.targetPath,
    home_variable: auth.homeVariable ?? null,
    fields: {
      account_id: auth.fields?.accountId ?? null,
      refresh_token: auth.fields?.refreshToken ?? null,
      last_refresh: auth.fields?.lastRefresh ?? null,
    },
    process_name: processName ?? null,
    max_bytes: auth.validation.maxBytes,
    ...(config && { config: { path: config.path, format: config.format } }),
  }
}

/**
 * Refuses a proxy that a runtime's CLI cannot use.
 *
 * @throws AppError `PROXY_SCHEME_UNSUPPORTED`, which names the schemes that it can use
 */
export function requireProxyScheme(runtime: Runtime, scheme: ProxyScheme): void {
  const schemes = runtime.spec.proxy?.schemes ?? []
  if (schemes.includes(scheme)) return
  const { displayName } = runtime.spec
  const supported =
    schemes.length === 0 ? 'does not support proxies' : `supports ${schemes.join(', ')} proxies only`
  throw new AppError(
    'PROXY_SCHEME_UNSUPPORTED',
    `${displayName} ${supported}, and the saved one is ${scheme}`,
  )
}

/** A path may hold anything; an answer repeats only so much, and only what UTF-8 can say. */
function shorten(text: string): string {
  const characters = Array.from(text.slice(0, 2 * MAX_SHOWN + 1).toWellFormed())
  return characters.length <= MAX_SHOWN ? text.toWellFormed() : `${characters.slice(0, MAX_SHOWN).join('')}…`
}
