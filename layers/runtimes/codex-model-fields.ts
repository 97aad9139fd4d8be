import { differs, newer, older } from './codex-releases.ts'
import {
  all,
  COUNT,
  either,
  integer,
  listOf,
  mapOf,
  NEVER,
  POSITIVE,
  STRING_MAP,
  STRINGS,
  table,
  words,
  type Field,
  type Fields,
} from './field.ts'

const COMMAND: Fields = { command: 'text', args: STRINGS, timeout_ms: POSITIVE }

const AWS_COMMAND = table(COMMAND, { required: ['command'] })

/** Logging in again is only left to the tool of the provider itself. */
const AWS_LOGIN = table({ ...COMMAND, command: words('aws') }, { required: ['command'] })

const AUTH = table({ ...COMMAND, cwd: 'path', refresh_interval_ms: COUNT }, { required: ['command'] })

const PROVIDER_FIELDS: Fields = {
  name: 'text',
  ...all('base_url env_key env_key_instructions experimental_bearer_token', 'string'),
  ...all('env_http_headers http_headers query_params', STRING_MAP),
  ...all('request_max_retries stream_idle_timeout_ms stream_max_retries websocket_connect_timeout_ms', COUNT),
  ...all('requires_openai_auth supports_websockets', 'boolean'),
  wire_api: words('responses'),
  auth: AUTH,
  aws: NEVER,
  ...all('credential_file location model_catalog_url project_id', newer('string')),
  supports_standalone_web_search: newer('boolean'),
  gateway_oauth: newer(mapOf('any')),
}

const PROVIDER = table(PROVIDER_FIELDS, { required: ['name'], excludes: [['auth', 'env_key']] })

/** A provider that comes with the CLI and keeps its name. */
const BUILT_IN = table(PROVIDER_FIELDS, { excludes: [['auth', 'env_key']] })

/** A provider that comes with the CLI and of which nothing can be changed: it may be mentioned, though. */
const FIXED = table(all(Object.keys(PROVIDER_FIELDS).join(' '), NEVER))

/** A provider that comes with the CLI: it has its name, and only these settings of it can be changed. */
const BEDROCK = table({
  base_url: 'string',
  auth: AUTH,
  http_headers: STRING_MAP,
  aws: table({
    ...all('profile region', 'string'),
    auth_refresh: newer(AWS_LOGIN),
    credential_export: newer(AWS_COMMAND),
  }),
})

const TLS = table(all('ca-certificate client-certificate client-private-key', 'path'))

const COLLECTOR: Fields = { endpoint: 'string', headers: STRING_MAP, tls: TLS }

const EXPORTER: Field = either(
  words('none statsig'),
  table(
    {
      'otlp-http': table(
        { ...COLLECTOR, protocol: words('binary json') },
        { required: ['endpoint', 'protocol'] },
      ),
      'otlp-grpc': table(COLLECTOR, { required: ['endpoint'] }),
    },
    {
      oneOf: ['otlp-http', 'otlp-grpc'],
      excludes: [['otlp-http', 'otlp-grpc']],
      isClosed: true,
    },
  ),
)

const OLDER_VOICES =
  'alloy arbor ash ballad breeze cedar coral cove echo ember juniper maple marin sage shimmer sol spruce vale verse'

const VOICES = `${OLDER_VOICES} aube bubbie haetsal hanul himari leher miko neer porto rindo rio rivage selva sonna tinta viola`

const CHANNEL = integer(1n, 65_535n)

/** What models are asked, where and how, and what is measured of it. */
export const MODEL_FIELDS: Fields = {
  ...all('review_model instructions developer_instructions compact_prompt openai_base_url', 'string'),
  ...all('model_auto_compact_token_limit model_context_window', integer(-(2n ** 63n), 2n ** 63n - 1n)),
  model_auto_compact_token_limit_scope: newer(words('total body_after_prefix')),
  model_post_turn_compact_threshold_percent: newer(integer(0n, 255n)),
  model_supports_reasoning_summaries: older('boolean'),
  ...all('hide_agent_reasoning show_raw_agent_reasoning', 'boolean'),
  model_providers: table(
    {
      openai: differs(NEVER, FIXED),
      ...all('ollama lmstudio', NEVER),
      gcp: newer(BUILT_IN),
      'amazon-bedrock': BEDROCK,
      'amazon-bedrock-runtime': newer(BEDROCK),
    },
    { others: PROVIDER },
  ),
  responses_api_metadata: newer(STRING_MAP),
  otel: table({
    environment: 'string',
    ...all('exporter metrics_exporter trace_exporter', EXPORTER),
    log_user_prompt: 'boolean',
    ...all('log_agent_responses log_guardian_assessments log_sse_deltas', newer('boolean')),
    span_attributes: newer(STRING_MAP),
    tool_result: newer(table({ max_bytes: COUNT })),
    tracestate: newer(mapOf(STRING_MAP)),
  }),
  realtime: table({
    transport: words('webrtc websocket'),
    type: words('conversational transcription'),
    version: differs(words('v1 v2'), words('v1 v2 v3')),
    voice: differs(words(OLDER_VOICES), words(VOICES)),
  }),
  audio: table({
    ...all('microphone speaker', 'string'),
    microphone_channel: newer(either(CHANNEL, listOf(CHANNEL))),
  }),
  ...all(
    'experimental_realtime_start_instructions experimental_realtime_ws_backend_prompt experimental_realtime_ws_base_url experimental_realtime_ws_model experimental_realtime_ws_startup_context',
    'string',
  ),
  experimental_realtime_webrtc_call_base_url: newer('string'),
}
