import { PORT, REVIEWER, TOGGLE, TOOL_APPROVAL } from './codex-common-fields.ts'
import { newer, older } from './codex-releases.ts'
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

const OMITTED: Field = listOf(words('code_mode deferred direct'))

const TOOL = table({ approval_mode: TOOL_APPROVAL, output_token_limit: newer(POSITIVE) })

const CLIENT_AUTH_METHOD = words('client_secret_basic client_secret_post')

const OAUTH = table({
  ...all('authorization_server_issuer callback_url client_id client_secret', 'string'),
  callback_port: PORT,
  token_endpoint_auth_method: CLIENT_AUTH_METHOD,
})

const VARIABLE = table({ name: 'string', source: words('local remote') }, { required: ['name'] })

const OVER_HTTP = [
  'http_headers',
  'env_http_headers',
  'http_headers_helper',
  'bearer_token_env_var',
  'oauth_resource',
  'oauth',
  'auth',
] as const

const SERVER_FIELDS: Fields = {
  ...all('command bearer_token bearer_token_env_var cwd name oauth_resource url', 'string'),
  ...all('args disabled_tools enabled_tools scopes', STRINGS),
  ...all('enabled required supports_parallel_tool_calls', 'boolean'),
  ...all('env env_http_headers http_headers', STRING_MAP),
  ...all('startup_timeout_sec tool_timeout_sec', 'seconds'),
  startup_timeout_ms: COUNT,
  env_vars: listOf(either('string', VARIABLE)),
  default_tools_approval_mode: TOOL_APPROVAL,
  tools: mapOf(TOOL),
  experimental_environment: older('string'),
  ...all('environment_id http_headers_helper', newer('string')),
  auth: newer(words('oauth chatgpt ema_auth')),
  oauth: newer(OAUTH),
  omit_tools_from: newer(OMITTED),
  startup_readiness: newer(words('connection catalog')),
  tool_input_schema_max_bytes: newer(POSITIVE),
}

/** Where the way to a server is in a lower layer, a layer has no whole server and does not fit: it is kept as written. */
const SERVER = table(SERVER_FIELDS, {
  oneOf: ['command', 'url'],
  excludes: [
    ['command', 'url', 'bearer_token', ...OVER_HTTP],
    ['url', 'bearer_token', 'args', 'env', 'env_vars', 'cwd'],
  ],
})

const PLUGIN = table({
  enabled: 'boolean',
  auto_provision: newer('boolean'),
  ...all('release_id remote_plugin_id', newer('string')),
  mcp_servers: mapOf(
    table({
      enabled: 'boolean',
      ema_auth: newer('any'),
      default_tools_approval_mode: TOOL_APPROVAL,
      ...all('disabled_tools enabled_tools', STRINGS),
      tools: mapOf(TOOL),
    }),
  ),
})

const APP_REVIEW: Fields = {
  approvals_reviewer: newer(REVIEWER),
  default_tools_approval_mode: newer(TOOL_APPROVAL),
}

const APP = table({
  ...APP_REVIEW,
  default_tools_approval_mode: TOOL_APPROVAL,
  ...all('default_tools_enabled destructive_enabled enabled open_world_enabled', 'boolean'),
  links: newer(mapOf(table(APP_REVIEW))),
  omit_tools_from: newer(OMITTED),
  tools: mapOf(table({ approval_mode: TOOL_APPROVAL, enabled: 'boolean' })),
})

const APP_DEFAULTS = table({
  ...APP_REVIEW,
  ...all('destructive_enabled enabled open_world_enabled', 'boolean'),
})

const SKILL = table({ enabled: 'boolean', name: 'string', path: 'path' }, { required: ['enabled'] })

const SUGGESTED: Field = listOf(
  table({ id: 'string', type: words('connector plugin') }, { required: ['id', 'type'] }),
)

const IDENTITY_PROVIDER = table(
  { ...all('issuer client_id client_secret', 'string'), token_endpoint_auth_method: CLIENT_AUTH_METHOD },
  { required: ['issuer', 'client_id'], isClosed: true },
)

/** What brings tools: MCP servers, plugins, apps, skills. */
export const TOOL_FIELDS: Fields = {
  mcp_servers: mapOf(SERVER),
  mcp_oauth_credentials_store: words('auto file keyring'),
  mcp_oauth_callback_port: PORT,
  mcp_oauth_callback_url: 'string',
  mcp_optional_startup_grace_ms: newer(COUNT),
  mcp_enterprise_managed_auth: newer(table({ idp: IDENTITY_PROVIDER }, { required: ['idp'] })),
  plugins: table({ _default: newer(TOGGLE) }, { others: PLUGIN }),
  marketplaces: mapOf(
    table({
      ...all('last_revision last_updated ref source', 'string'),
      source_type: words('git local'),
      sparse_paths: STRINGS,
    }),
  ),
  apps: table({ _default: APP_DEFAULTS }, { others: APP }),
  apps_mcp_product_sku: newer('string'),
  skills: table({
    bundled: TOGGLE,
    config: listOf(SKILL),
    include_instructions: 'boolean',
    max_context_tokens: newer(POSITIVE),
  }),
  tool_suggest: table(all('disabled_tools discoverables', SUGGESTED)),
  orchestrator: newer(table(all('mcp skills', TOGGLE))),
  cloud: newer(table({ skills: TOGGLE })),
}
