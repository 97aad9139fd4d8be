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
}

/** Takes over what the server says about a runtime. */
export function toAgentRuntime(wire: z.infer<typeof agentRuntime>): AgentRuntime {
  return {
    name: wire.name,
    target: { targetPath: wire.target_path, homeVariable: wire.home_variable },
    fields: { accountId: wire.fields.account_id, lastRefresh: wire.fields.last_refresh },
    processName: wire.process_name,
  }
}
