import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { AppServer } from './app-server.ts'
import { ourRead } from './ours.ts'
import { Sandbox, USER_FILE, whatIsMissing } from './sandbox.ts'
import { theirRead } from './theirs.ts'

/** For each feature that may be a table: all of its settings that are known, as the CLI takes them. */
const SETTINGS: Readonly<Record<string, string>> = {
  apps_mcp_path_override: 'enabled = true\npath = "p"',
  async_compaction: 'enabled = true\nmodel_async_compact_threshold_percent = 100',
  code_mode: `enabled = true
default_exec_yield_time_ms = 0
tool_input_schema_max_bytes = 1
experimental_show_cell_overhead = true
direct_only_tool_namespaces = ["a"]
excluded_tool_namespaces = []`,
  code_mode_host: 'enabled = true\ndisable_in_process_fallback = true',
  context_management: 'experimental_mode = true',
  current_time_reminder: `enabled = true
reminder_interval_seconds = 0
clock_source = "external"
delivery_mode = "any_inference"
sleep_tool = true`,
  guardianv2: `enabled = true
free_guardian = true
persist_scores = true
reuse_parent_compaction = true
thread_context = true
classifier_instructions = "i"
async_classifier_conversation_token_limit = 1
max_tool_call_lag = 0
max_action_tokens = 100
max_classifier_instruction_tokens = 100000
max_parent_compaction_tokens = 100
review_threshold = 1
review_scope = { computer_use_only = true, sandboxed_exec_commands = false }
[features.guardianv2.transcript]
include_images = true
sources = ["tool_outputs"]
max_recent_non_user_entries = 1
max_message_entry_tokens = 100
max_tool_entry_tokens = 100
max_message_transcript_tokens = 100
max_tool_transcript_tokens = 100`,
  guardianv3: 'enabled = true',
  multi_agent_v2: `enabled = true
max_concurrent_threads_per_session = 1
min_wait_timeout_ms = 0
default_wait_timeout_ms = 20_000
max_wait_timeout_ms = 3_600_000
multi_agent_mode_hint_text = "a"
root_agent_usage_hint_text = "b"
subagent_usage_hint_text = "c"
usage_hint_text = "d"
usage_hint_enabled = true
subagent_developer_instructions = "e"
tool_namespace = "f-1"
disable_direct_message = true
disable_native_tools = false
expose_spawn_agent_model_overrides = true
hide_spawn_agent_metadata = true
message_board_in_memory = true
non_code_mode_only = true
preserve_fork_prefix = true
wait_agent_enabled = true`,
  network_proxy: `enabled = true
mode = "limited"
proxy_url = "http://127.0.0.1:1"
socks_url = "http://127.0.0.1:2"
allow_local_binding = true
allow_upstream_proxy = true
credential_broker = true
enable_socks5 = true
enable_socks5_udp = true
dangerously_allow_all_unix_sockets = true
dangerously_allow_non_loopback_proxy = true
domains = { "Example.com" = "allow", b = "deny" }
unix_sockets = { "/run/x" = "deny" }
credentials = { a = {} }`,
  non_prefixed_mcp_tool_names: 'enabled = true\nserver_names = ["s"]',
  rollout_budget: `enabled = true
enforce_limit = true
limit_tokens = 5
reminder_at_remaining_tokens = [3, 1]
prefill_token_weight = 1
sampling_token_weight = 2.5`,
  runtime_agent_instances: 'enabled = true',
  sleep_tool: 'enabled = true\nmode = "always_on"',
  token_budget: `enabled = true
use_history_notes_extension = true
auto_compact_fallback_buffer_tokens = 1
reminder_threshold_tokens = 2
auto_compact_fallback_prompt = "a"
guidance_message = "b"
reminder_message_template = "c"`,
}

/** Of which not every setting is known, so that a strange one is taken. */
const OPEN = new Set(['guardianv2'])

const REFUSED = [
  'async_compaction.model_async_compact_threshold_percent = 101',
  'async_compaction.model_async_compact_threshold_percent = 0',
  'code_mode.tool_input_schema_max_bytes = 0',
  'context_management.enabled = true',
  'current_time_reminder.clock_source = "sundial"',
  'guardianv2.max_action_tokens = 99',
  'guardianv2.transcript.max_recent_non_user_entries = 0',
  'guardianv2.review_scope.strange = true',
  'multi_agent_v2.max_concurrent_threads_per_session = 0',
  'multi_agent_v2.max_wait_timeout_ms = 3_600_001',
  'multi_agent_v2.tool_namespace = " "',
  'network_proxy.mode = "open"',
  'network_proxy.domains.a = "maybe"',
  'sleep_tool.mode = "never"',
  'token_budget.reminder_threshold_tokens = 1.5',
] as const

let sandbox: Sandbox
let server: AppServer
beforeAll(async () => {
  const missing = whatIsMissing()
  if (missing !== null) throw new Error(missing)
  sandbox = new Sandbox()
  const started = await sandbox.start()
  if (!(started instanceof AppServer)) throw new Error(started.stderr)
  server = started
})
afterAll(() => sandbox.close())

/** What the CLI and we make of a user file. */
async function bothRead(
  user: string,
): Promise<Record<'theirs' | 'ours', Awaited<ReturnType<typeof ourRead>>>> {
  sandbox.write(USER_FILE, user)
  const stackCase = { seed: 0, flags: [], files: { user }, writes: [] }
  return {
    theirs: await theirRead({ sandbox, server }, stackCase),
    ours: await ourRead(stackCase, sandbox.binary.version),
  }
}

describe('features that may be tables', () => {
  it.each(Object.entries(SETTINGS))(
    '%s: all settings are taken, with the same version',
    async (name, settings) => {
      const { theirs, ours } = await bothRead(`[features.${name}]\n${settings}\n`)
      expect(theirs.fault).toBe(null)
      expect({ fault: ours.fault, layers: ours.layers }).toEqual({ fault: null, layers: theirs.layers })
    },
  )

  it.each(Object.keys(SETTINGS).filter((name) => !OPEN.has(name)))(
    '%s: a strange setting is refused',
    async (name) => {
      const { theirs, ours } = await bothRead(`[features.${name}]\nstrange = 1\n`)
      expect([theirs.fault, ours.fault]).toEqual([expect.any(String), expect.any(String)])
    },
  )

  it.each(REFUSED)('refuse %s', async (setting) => {
    const { theirs, ours } = await bothRead(`[features]\n${setting}\n`)
    expect([theirs.fault, ours.fault]).toEqual([expect.any(String), expect.any(String)])
  })
})
