import { differs, newer, older } from './codex-releases.ts'
import { all, either, integer, listOf, STRINGS, table, words, type Field, type Fields } from './field.ts'

/** A count of at most 255. */
export const BYTE: Field = integer(0n, 255n)

/** A TCP port, or 0. */
export const PORT: Field = integer(0n, 65_535n)

/** A count that 32 bits hold. */
export const COUNT_32: Field = integer(0n, 2n ** 32n - 1n)

/** An integer that 32 bits hold. */
export const INTEGER_32: Field = integer(-(2n ** 31n), 2n ** 31n - 1n)

/** `{ enabled = true }` */
export const TOGGLE: Field = table({ enabled: 'boolean' })

/** Whether something is let through. */
export const ALLOW_DENY: Field = words('allow deny')

/** Who looks at what asks for approval. */
export const REVIEWER: Field = differs(
  words('user auto_review guardian_subagent', { auto_review: 'guardian_subagent' }),
  words('user auto_review guardian_subagent', { guardian_subagent: 'auto_review' }),
)

/** When a tool asks for approval. */
export const TOOL_APPROVAL: Field = differs(words('auto prompt approve'), words('auto prompt writes approve'))

const GRANULAR = table(
  {
    granular: table(
      all('mcp_elicitations request_permissions rules sandbox_approval skill_approval', 'boolean'),
      {
        required: ['sandbox_approval', 'rules', 'mcp_elicitations'],
      },
    ),
  },
  { required: ['granular'] },
)

const APPROVAL_POLICY = differs(
  either(words('untrusted on-failure on-request never'), GRANULAR),
  either(words('untrusted on-failure on-request never', { 'on-failure': 'on-request' }), GRANULAR),
)

const REASONING_EFFORT = differs(words('none minimal low medium high xhigh'), 'filled')

const WEB_SEARCH_TOOL = either(
  'boolean',
  table({
    allowed_domains: STRINGS,
    context_size: words('low medium high'),
    location: table(all('city country region timezone', 'string')),
  }),
)

/** What may stand at the top level and in a profile alike. */
export const PROFILE_FIELDS: Fields = {
  ...all('model model_provider chatgpt_base_url oss_provider', 'string'),
  ...all(
    'experimental_compact_prompt_file js_repl_node_path model_catalog_json model_instructions_file',
    'path',
  ),
  ...all(
    'experimental_use_unified_exec_tool include_apps_instructions include_environment_context include_permissions_instructions',
    'boolean',
  ),
  ...all('include_collaboration_mode_instructions include_environment_context_time', newer('boolean')),
  js_repl_node_module_dirs: listOf('path'),
  analytics: TOGGLE,
  approval_policy: APPROVAL_POLICY,
  approvals_reviewer: REVIEWER,
  ...all('model_reasoning_effort plan_mode_reasoning_effort', REASONING_EFFORT),
  model_reasoning_summary: words('auto concise detailed none'),
  model_verbosity: words('low medium high'),
  personality: words('none friendly pragmatic'),
  sandbox_mode: words('read-only workspace-write danger-full-access'),
  service_tier: differs(words('fast flex'), 'string'),
  tools: table({
    client_search_provider: newer(words('standalone search_mcp')),
    ...all('experimental_request_user_input update_plan', newer(TOGGLE)),
    view_image: older('boolean'),
    web_search: WEB_SEARCH_TOOL,
  }),
  web_search: differs(words('disabled cached live'), words('disabled cached indexed live')),
  windows: table({
    allow_mxc: newer('boolean'),
    sandbox: differs(words('elevated unelevated'), words('elevated unelevated mxc')),
    sandbox_private_desktop: older('boolean'),
  }),
}
