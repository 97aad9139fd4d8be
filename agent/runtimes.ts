import type * as z from 'zod/mini'

import type { agentRuntime } from '#protocol/register.ts'

import type { AuthFields } from './auth-facts.ts'
import type { Target } from './target-path.ts'

/** A CLI this device looks after, as the server described it. */
export interface AgentRuntime {
  readonly name: string
  readonly target: Target
  readonly fields: AuthFields
  /** By which its running sessions are counted; `null`: they are not. */
  readonly processName: string | null
  /** Its config file; `null`: nothing is said about it. */
  readonly config: AgentConfig | null
}

/** Where a CLI keeps its settings. */
export interface AgentConfig {
  readonly target: Target
  readonly format: 'toml' | 'json'
}

type WireRuntime = z.infer<typeof agentRuntime>

/** More than any server has; a server that was taken over must not keep this device busy, nor fill its disk. */
const MAX_RUNTIMES = 100
/** As servers name runtimes: it stands in the state file, in logs and in heartbeats. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/
const MAX_TARGET_PATH = 1024

/** Takes over what the server says about runtimes: those that a server of ours can have, and so many of them. */
export function toAgentRuntimes(wire: readonly WireRuntime[]): readonly AgentRuntime[] {
  return wire.filter(isPlausible).slice(0, MAX_RUNTIMES).map(toAgentRuntime)
}

function isPlausible({ name, target_path }: WireRuntime): boolean {
  return NAME.test(name) && target_path.length <= MAX_TARGET_PATH
}

function toAgentRuntime(wire: WireRuntime): AgentRuntime {
  return {
    name: wire.name,
    target: { targetPath: wire.target_path, homeVariable: wire.home_variable },
    fields: { accountId: wire.fields.account_id, lastRefresh: wire.fields.last_refresh },
    processName: wire.process_name,
    config: toAgentConfig(wire),
  }
}

function toAgentConfig({ config, home_variable: homeVariable }: WireRuntime): AgentConfig | null {
  if (config == null || config.path.length > MAX_TARGET_PATH) return null
  const { path: targetPath, format } = config
  // A server that was taken over must not learn whether just any file here is the one it thinks of.
  const isSettings = (format === 'toml' || format === 'json') && targetPath.endsWith(`.${format}`)
  return isSettings ? { target: { targetPath, homeVariable }, format } : null
}
