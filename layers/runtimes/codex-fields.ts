import { INTEGER_32, PROFILE_FIELDS } from './codex-common-fields.ts'
import { FEATURE_FIELDS } from './codex-feature-fields.ts'
import { TOOL_FIELDS } from './codex-mcp-fields.ts'
import { MODEL_FIELDS } from './codex-model-fields.ts'
import { differs, newer, older } from './codex-releases.ts'
import { SAFETY_FIELDS } from './codex-safety-fields.ts'
import { TUI_FIELDS } from './codex-tui-fields.ts'
import {
  all,
  COUNT,
  either,
  INTEGER,
  mapOf,
  POSITIVE,
  STRINGS,
  table,
  words,
  type TableField,
} from './field.ts'

const AGENT_ROLE = table({ config_file: 'path', description: 'string', nickname_candidates: STRINGS })

const AGENTS = table(
  {
    interrupt_message: 'boolean',
    ...all('job_max_runtime_seconds max_threads', COUNT),
    max_depth: INTEGER_32,
    enabled: newer('boolean'),
    max_concurrent_threads_per_session: newer(COUNT),
    ...all('default_subagent_model default_subagent_reasoning_effort', newer('string')),
  },
  // The older spelling of a setting beside the newer one is the same setting twice.
  { others: AGENT_ROLE, excludes: [['max_concurrent_threads_per_session', 'max_threads']] },
)

const MEMORIES = table(
  {
    ...all('consolidation_model extract_model', 'string'),
    ...all(
      'disable_on_external_context generate_memories no_memories_if_mcp_or_web_search use_memories',
      'boolean',
    ),
    ...all('max_raw_memories_for_consolidation max_rollouts_per_startup', COUNT),
    ...all(
      'max_rollout_age_days max_unused_days min_rate_limit_remaining_percent min_rollout_idle_hours',
      INTEGER,
    ),
    consolidation_service_tier: newer('string'),
    ...all('dedicated_tools dual_write', newer('boolean')),
    version: newer(words('v1 v2')),
  },
  { excludes: [['disable_on_external_context', 'no_memories_if_mcp_or_web_search']] },
)

const THREAD_STORE = differs(
  either(
    table({ type: words('local') }, { required: ['type'] }),
    table({ type: words('remote'), endpoint: 'string' }, { required: ['type', 'endpoint'] }),
  ),
  either(
    table({ type: words('local') }, { required: ['type'] }),
    table({ type: words('in_memory'), id: 'string' }, { required: ['type', 'id'] }),
  ),
)

const GHOST_SNAPSHOT = table({
  disable_warnings: 'boolean',
  ...all('ignore_large_untracked_dirs ignore_large_untracked_files', INTEGER),
  ...all('ignore_untracked_files_over_bytes large_untracked_dir_warning_threshold', older(INTEGER)),
})

const PROFILE = table({
  ...PROFILE_FIELDS,
  ...FEATURE_FIELDS,
  ...all('experimental_instructions_file zsh_path', older('path')),
  ...all('experimental_use_freeform_apply_patch include_apply_patch_tool tools_view_image', older('boolean')),
  tui: newer(table({ session_picker_view: words('comfortable dense') })),
})

/**
 * The settings of codex: what each holds and which of the two observed releases has it. Seen on the binaries of 0.128.0 and
 * 0.169.0 by giving every setting a value of every kind, and in the public schema of the configuration.
 */
export const CODEX_FIELDS: TableField = table({
  ...PROFILE_FIELDS,
  ...MODEL_FIELDS,
  ...TOOL_FIELDS,
  ...SAFETY_FIELDS,
  ...TUI_FIELDS,
  ...FEATURE_FIELDS,
  profile: 'string',
  profiles: mapOf(PROFILE),
  agents: AGENTS,
  memories: MEMORIES,
  goals: newer(table({ max_goal_token_budget: POSITIVE })),
  ghost_snapshot: GHOST_SNAPSHOT,
  experimental_thread_store: THREAD_STORE,
  experimental_thread_store_endpoint: 'string',
  ...all('log_dir sqlite_home', 'path'),
  ...all('experimental_instructions_file zsh_path', older('path')),
  ...all('background_terminal_max_timeout project_doc_max_bytes tool_output_token_limit', COUNT),
  thread_unload_delay_secs: newer(COUNT),
  ...all('notify project_doc_fallback_filenames project_root_markers', STRINGS),
  cli_auth_credentials_store: words('file keyring auto ephemeral'),
  forced_chatgpt_workspace_id: differs('string', either('string', STRINGS)),
  forced_login_method: words('chatgpt api'),
  feedback: table({ enabled: 'boolean' }),
  suppress_unstable_features_warning: 'boolean',
  desktop: newer(mapOf('any')),
  ...all('commit_attribution experimental_thread_config_endpoint', older('string')),
  ...all('experimental_use_freeform_apply_patch windows_wsl_setup_acknowledged', older('boolean')),
})
