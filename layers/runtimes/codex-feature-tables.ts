import { differs } from './codex-releases.ts'
import {
  all,
  COUNT,
  either,
  integer,
  INTEGER,
  listOf,
  mapOf,
  POSITIVE,
  STRINGS,
  table,
  words,
  type Field,
  type Fields,
} from './field.ts'

/** Tokens of a part of what guardian is shown. */
const PART_TOKENS = integer(100n, 100_000n)

/** A switch, or a table that holds these settings and no other: the CLI starts with no other. */
function configured(fields: Fields): Field {
  return either('boolean', table({ enabled: 'boolean', ...fields }, { isClosed: true }))
}

/** The same where not all of the settings are known. */
function configuredAmongOthers(fields: Fields): Field {
  return either('boolean', table({ enabled: 'boolean', ...fields }, { others: 'any' }))
}

const CODE_MODE = configured({
  default_exec_yield_time_ms: COUNT,
  tool_input_schema_max_bytes: POSITIVE,
  experimental_show_cell_overhead: 'boolean',
  ...all('direct_only_tool_namespaces excluded_tool_namespaces', STRINGS),
})

const GUARDIAN_V2 = configuredAmongOthers({
  ...all(
    'free_guardian persist_scores reuse_parent_compaction sync_elastic_budgeting thread_context',
    'boolean',
  ),
  ...all('async_classifier_mode classifier_instructions transcript_mode', 'string'),
  async_classifier_conversation_token_limit: POSITIVE,
  max_tool_call_lag: COUNT,
  ...all('max_action_tokens max_classifier_instruction_tokens max_parent_compaction_tokens', PART_TOKENS),
  review_threshold: 'float',
  review_scope: table(all('computer_use_only sandboxed_exec_commands', 'boolean'), { isClosed: true }),
  sync_elastic_sections: mapOf('any'),
  transcript: table(
    {
      include_images: 'boolean',
      sources: STRINGS,
      max_recent_non_user_entries: POSITIVE,
      ...all('max_message_entry_tokens max_tool_entry_tokens', PART_TOKENS),
      ...all('max_message_transcript_tokens max_tool_transcript_tokens', PART_TOKENS),
    },
    { isClosed: true },
  ),
})

const MULTI_AGENT_V2_BEFORE = configured({
  max_concurrent_threads_per_session: POSITIVE,
  min_wait_timeout_ms: integer(1n, 3_600_000n),
  ...all('hide_spawn_agent_metadata usage_hint_enabled', 'boolean'),
  ...all('root_agent_usage_hint_text subagent_usage_hint_text usage_hint_text', 'string'),
})

const MULTI_AGENT_V2 = configured({
  max_concurrent_threads_per_session: POSITIVE,
  ...all('default_wait_timeout_ms max_wait_timeout_ms min_wait_timeout_ms', integer(0n, 3_600_000n)),
  ...all('multi_agent_mode_hint_text root_agent_usage_hint_text usage_hint_text', 'string'),
  ...all('subagent_developer_instructions subagent_usage_hint_text', 'string'),
  tool_namespace: 'text',
  ...all('disable_direct_message disable_native_tools expose_spawn_agent_model_overrides', 'boolean'),
  ...all('hide_spawn_agent_metadata message_board_in_memory non_code_mode_only', 'boolean'),
  ...all('preserve_fork_prefix usage_hint_enabled wait_agent_enabled', 'boolean'),
  message_board_remote: table({ url: 'string' }, { required: ['url'], others: 'any' }),
})

const NETWORK_PROXY = configured({
  mode: words('limited full'),
  ...all('proxy_url socks_url', 'string'),
  ...all(
    'allow_local_binding allow_upstream_proxy credential_broker enable_socks5 enable_socks5_udp',
    'boolean',
  ),
  ...all('dangerously_allow_all_unix_sockets dangerously_allow_non_loopback_proxy', 'boolean'),
  ...all('domains unix_sockets', mapOf(words('allow deny'))),
  credentials: mapOf(mapOf('any')),
})

const ROLLOUT_BUDGET = configured({
  enforce_limit: 'boolean',
  limit_tokens: INTEGER,
  reminder_at_remaining_tokens: listOf(INTEGER),
  ...all('prefill_token_weight sampling_token_weight', 'float'),
})

const TOKEN_BUDGET = configured({
  use_history_notes_extension: 'boolean',
  ...all('auto_compact_fallback_buffer_tokens reminder_threshold_tokens', INTEGER),
  ...all('auto_compact_fallback_prompt guidance_message reminder_message_template', 'string'),
})

/** Features of both observed releases that may be a table of settings of their own. */
export const FEATURE_TABLES: Fields = {
  apps_mcp_path_override: configured({ path: 'string' }),
  code_mode: differs('boolean', CODE_MODE),
  multi_agent_v2: differs(MULTI_AGENT_V2_BEFORE, MULTI_AGENT_V2),
}

/** Those that only 0.169 has. */
export const NEWER_FEATURE_TABLES: Fields = {
  async_compaction: configured({ model_async_compact_threshold_percent: integer(1n, 100n) }),
  code_mode_host: configured({ disable_in_process_fallback: 'boolean' }),
  context_management: either('boolean', table({ experimental_mode: 'boolean' }, { isClosed: true })),
  current_time_reminder: configured({
    reminder_interval_seconds: COUNT,
    clock_source: words('system external'),
    delivery_mode: words('any_inference after_user_or_tool_output'),
    sleep_tool: 'boolean',
  }),
  guardianv2: GUARDIAN_V2,
  guardianv3: configured({}),
  network_proxy: NETWORK_PROXY,
  non_prefixed_mcp_tool_names: configured({ server_names: STRINGS }),
  rollout_budget: ROLLOUT_BUDGET,
  runtime_agent_instances: configured({ mode: 'string' }),
  sleep_tool: configured({ mode: words('model_driven always_on') }),
  token_budget: TOKEN_BUDGET,
}
