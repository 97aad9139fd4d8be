import { FEATURE_TABLES, NEWER_FEATURE_TABLES } from './codex-feature-tables.ts'
import { newer, older } from './codex-releases.ts'
import { all, table, type Fields } from './field.ts'

/** Features of both observed releases. */
const SWITCHES = [
  'apply_patch_freeform apply_patch_streaming_events apps artifact browser_use chronicle code_mode_only',
  'codex_git_commit collaboration_modes computer_use default_mode_request_user_input elevated_windows_sandbox',
  'enable_fanout enable_mcp_apps enable_request_compression exec_permission_approvals',
  'experimental_windows_sandbox external_migration fast_mode goals guardian_approval image_detail_original',
  'image_generation in_app_browser js_repl js_repl_tools_only memories multi_agent personality plugin_hooks',
  'plugins prevent_idle_sleep realtime_conversation remote_control remote_models remote_plugin',
  'request_permissions_tool request_rule responses_websockets responses_websockets_v2 runtime_metrics search_tool',
  'shell_snapshot shell_tool shell_zsh_fork skill_env_var_dependency_prompt skill_mcp_dependency_install sqlite',
  'steer terminal_resize_reflow tool_call_mcp_elicitation tool_search tool_search_always_defer_mcp_tools',
  'tool_suggest tui_app_server unavailable_dummy_tools undo unified_exec use_legacy_landlock',
  'use_linux_sandbox_bwrap web_search_cached web_search_request workspace_dependencies',
  'workspace_owner_usage_nudge',
].join(' ')

/** Features that only 0.128 has. */
const OLDER_SWITCHES = ['child_agents_md codex_hooks'].join(' ')

/** Features that only 0.169 has. */
const NEWER_SWITCHES = [
  'agent_message_board agent_message_board_mcp analytics_plan_history api_key_cyber_access_programs',
  'api_key_model_discovery app_server_websocket_compression apply_patch_preserve_line_endings',
  'apps_early_resource_discovery async_compaction_root_only auth_elicitation',
  'background_paginated_rollout_migration bedrock_setup_wizard browser_annotation_api browser_use_external',
  'browser_use_full_cdp_access cli_daybreak cli_resume_account_check code_mode_buffered_exec code_mode_host_grpc',
  'code_mode_host_output_truncation code_mode_interrupt code_mode_only_strict_3p_tools code_mode_prewarm',
  'code_mode_tool_description_first code_mode_tool_search codex_apps_mcp_2026_07_28 command_sessions_world_state',
  'compaction_image_budget concurrent_reasoning_summaries content_item_kinds credential_masking',
  'critical_path_timing cwd_relative_turn_diffs daemon_auto_start daybreak_program_propagation',
  'defer_mailbox_preemption deferred_executor deferred_tool_world_state executed_tool_call_metadata',
  'executor_capability_discovery executor_capability_discovery_v2 external_agent_memory_import',
  'gateway_setup_wizard gcp_setup_wizard guardian_conversation_history_tools guardian_denial_reconsideration',
  'guardian_enhanced_node_repl_transcripts guardian_ext guardian_include_additional_context',
  'guardian_native_multi_agent_history guardian_node_repl_transcript_images guardian_recorded_items',
  'guardian_reuse_parent_compaction guardian_root_handoff_context guardian_trust_orchestrator_connectors',
  'guardianv2_decisions_comparison hooks hosted_search_policy image_generation_animation image_resize_notice',
  'in_app_chat in_app_dictation in_app_local_automation in_app_updates in_app_voice incremental_exec_tools',
  'incremental_tools incremental_tools_legacy incremental_tools_legacy_gcp instant_interrupt interrupt_on_cancel',
  'item_ids local_thread_store_compression local_thread_store_shared_compression login_shell_package_path',
  'mcp_2026_07_28 mcp_connection_sharing mcp_lazy_stdio_startup mcp_oauth_refresh_coordination',
  'mcp_tool_list_changed mentions_v2 model_catalog_in_context multi_agent_mode multi_agent_v2_dynamic_tools',
  'multi_env_copy_file nonfatal_clock_read_errors omit_app_server_notification_media omit_skill_descriptions',
  'output_token_replay plugin_discovery_prefetch plugin_sharing powershell_shell_version',
  'prediction_preserve_parent_tools prefer_mxc psp reasoning_effort_override recommended_plugins',
  'remote_compaction_v2 resize_all_images respect_system_proxy retain_client_developer_messages',
  'retain_client_tool_outputs secret_auth_storage send_async_message send_message_to_user_async shell_snapshot_v2',
  'simplified_selection_hints skill_catalog_deltas skill_search skip_host_skill_discovery',
  'stable_environment_tools standalone_web_search step_model_switching subagent_default_context_limits',
  'subagent_thread_environments suppress_model_change_announcements system_proxy_fallback',
  'terminal_visualization_instructions transcript_v2 tui_extensions_statusline tui_multi_backend tui_workspace',
  'ultrafast_mode unbounded_connection_retries unified_exec_tty unified_exec_zsh_fork unified_image_budget',
  'untrusted_as_tool_output use_agent_identity use_xaa view_image wake_on_agent_messages windows_sandbox_service',
  'worktrees write_stdin_approval',
].join(' ')

/** Older names of features that both releases still take. */
const LEGACY_NAMES =
  'codex_hooks collab connectors enable_experimental_windows_sandbox experimental_use_unified_exec_tool imagegenext memory_tool telepathy'

const FEATURES = table(
  {
    ...all(SWITCHES, 'boolean'),
    ...all(OLDER_SWITCHES, older('boolean')),
    ...all(`${NEWER_SWITCHES} ${LEGACY_NAMES}`, newer('boolean')),
    ...FEATURE_TABLES,
    ...Object.fromEntries(Object.entries(NEWER_FEATURE_TABLES).map(([name, field]) => [name, newer(field)])),
  },
  { others: 'boolean', othersAreUnknown: true },
)

/** Switches of what is new, experimental or going. The CLI takes any other name as well. */
export const FEATURE_FIELDS: Fields = { features: FEATURES }
