import { ALLOW_DENY, BYTE, COUNT_32, PORT } from './codex-common-fields.ts'
import { differs, newer } from './codex-releases.ts'
import {
  all,
  COUNT,
  either,
  listOf,
  mapOf,
  POSITIVE,
  STRING_MAP,
  STRINGS,
  table,
  words,
  type Field,
  type Fields,
} from './field.ts'

const ACCESS = differs(words('read write none'), words('read write deny none', { none: 'deny' }))

const FILES = table({ glob_scan_max_depth: COUNT }, { others: either(ACCESS, mapOf(ACCESS)) })

const INJECTED_HEADER = table(all('name placeholder prefix secret_env_var secret_file', 'string'), {
  isClosed: true,
})

const INTERCEPTION = table(
  {
    version: BYTE,
    actions: mapOf(
      table(
        {
          aws_sigv4: mapOf('any'),
          body_secret_substitution: table(
            { max_body_bytes: COUNT, port: PORT, replacements: listOf(mapOf('any')) },
            { required: ['replacements'], isClosed: true },
          ),
          inject_request_headers: listOf(INJECTED_HEADER),
          strip_request_headers: STRINGS,
        },
        { isClosed: true },
      ),
    ),
    hooks: mapOf(
      table(
        {
          ...all('action methods path_prefixes schemes', STRINGS),
          body: 'any',
          ...all('headers query', mapOf(STRINGS)),
          host: 'string',
          ports: listOf(PORT),
        },
        { required: ['host', 'methods', 'path_prefixes', 'action'], isClosed: true },
      ),
    ),
  },
  { isClosed: true },
)

const NETWORK = table({
  ...all(
    'allow_local_binding allow_upstream_proxy dangerously_allow_all_unix_sockets dangerously_allow_non_loopback_proxy enable_socks5 enable_socks5_udp enabled',
    'boolean',
  ),
  ...all('proxy_url socks_url', 'string'),
  domains: mapOf(ALLOW_DENY),
  unix_sockets: mapOf(differs(words('allow none'), ALLOW_DENY)),
  mode: words('limited full'),
  mitm: newer(INTERCEPTION),
})

const PERMISSIONS = table({
  ...all('description extends', newer('string')),
  filesystem: FILES,
  network: NETWORK,
  workspace_roots: newer(mapOf('boolean')),
})

const ENVIRONMENT = table({
  ...all('exclude include_only', STRINGS),
  filters: newer(table({}, { others: words('include exclude'), ignoresCase: true })),
  ...all('experimental_use_profile ignore_default_excludes', 'boolean'),
  inherit: words('core all none'),
  set: STRING_MAP,
})

/** The newer lists and the older ones cannot be mixed in one layer. */
const NEWER_ENVIRONMENT = { ...ENVIRONMENT, excludes: [['filters', 'exclude', 'include_only']] as const }

const COMMAND_HOOK = table(
  {
    type: words('command'),
    ...all('command statusMessage', 'string'),
    ...all('commandWindows command_windows', newer('string')),
    timeout: COUNT,
    async: 'boolean',
  },
  { required: ['type', 'command'] },
)

const TOOL_HOOK = table(
  {
    type: words('mcp_tool'),
    ...all('server tool statusMessage', 'string'),
    timeout: COUNT,
    input: mapOf('any'),
  },
  { required: ['type', 'server', 'tool'] },
)

const OTHER_HOOK = table({ type: words('prompt agent') }, { required: ['type'] })

const HOOKS: Field = listOf(
  table({
    matcher: 'string',
    hooks: listOf(differs(either(COMMAND_HOOK, OTHER_HOOK), either(COMMAND_HOOK, TOOL_HOOK, OTHER_HOOK))),
  }),
)

const ORIGIN_POLICY = table(all('access downloads full_cdp_access uploads', ALLOW_DENY))

const WINDOWS_PROGRAM = table(
  { access: ALLOW_DENY, ...all('binary_name product_name publisher_name', 'string') },
  { required: ['publisher_name', 'product_name', 'access'] },
)

/** What the agent may do, and who is asked before. */
export const SAFETY_FIELDS: Fields = {
  default_permissions: 'string',
  permissions: mapOf(PERMISSIONS),
  sandbox_workspace_write: table({
    ...all('exclude_slash_tmp exclude_tmpdir_env_var network_access', 'boolean'),
    writable_roots: listOf('path'),
  }),
  shell_environment_policy: differs(ENVIRONMENT, NEWER_ENVIRONMENT),
  allow_login_shell: 'boolean',
  allow_symlinked_codex_home: newer('boolean'),
  hooks: table({
    ...all('PermissionRequest PostToolUse PreToolUse SessionStart Stop UserPromptSubmit', HOOKS),
    ...all('PostCompact PreCompact SessionEnd SubagentStart SubagentStop', newer(HOOKS)),
    state: mapOf(table({ enabled: 'boolean', ...all('trusted_content_hash trusted_hash', newer('string')) })),
  }),
  auto_review: table({
    policy: 'string',
    circuit_break_action: newer(words('default strict')),
    conversation_history_max_output_tokens: newer(POSITIVE),
    experimental_conversation_history_prompt: newer('string'),
    timeout_ms: newer(COUNT_32),
  }),
  projects: mapOf(table({ trust_level: words('trusted untrusted') })),
  browser_use: newer(
    table({
      allow_history_access: 'boolean',
      default_origin_policy: ORIGIN_POLICY,
      origins: mapOf(ORIGIN_POLICY),
    }),
  ),
  computer_use: newer(
    table({
      default_app_access: ALLOW_DENY,
      macos: table({ bundle_ids: mapOf(ALLOW_DENY) }),
      windows: table({ aumids: mapOf(ALLOW_DENY), exes: listOf(WINDOWS_PROGRAM) }),
    }),
  ),
}
