import { describe, expect, it } from 'vitest'

import { isSecretKey, isSecretValue } from '#layers/runtimes/secret.ts'

describe('a key of a secret', () => {
  it.each([
    'openai_api_key',
    'model_providers.p.experimental_bearer_token',
    'model_providers.p.http_headers.Authorization',
    'model_providers.p.http_headers.x-api-key',
    'model_providers.p.query_params.api-key',
    'mcp_servers.s.bearer_token',
    'mcp_servers.s.env.GITHUB_TOKEN',
    'mcp_servers.s.env.OPENAI_API_KEY',
    'mcp_servers.s.env.DB_PASSWORD',
    'mcp_servers.s.env.CLIENT_SECRET',
    'mcp_servers.s.env.AWS_SECRET_ACCESS_KEY',
    'mcp_servers.s.oauth.client_secret',
    'shell_environment_policy.set.NPM_TOKEN',
    'env.ANTHROPIC_AUTH_TOKEN',
    'env.apiKey',
    'password',
  ])('is %s', (path) => {
    expect(isSecretKey(path.split('.'))).toBe(true)
  })

  it.each([
    'model',
    'model_providers.p.env_key',
    'model_providers.p.env_http_headers.Authorization',
    'mcp_servers.s.bearer_token_env_var',
    'mcp_servers.s.env.TOKEN_FILE',
    'mcp_servers.s.env.SECRETS_DIR',
    'model_auto_compact_token_limit',
    'project_doc_max_tokens',
    'tui.keymap.global.copy',
    'apiKeyHelper',
    'otel.exporter.otlp-http.tls.client-private-key',
    'mcp_oauth_credentials_store',
    'mcp_servers.s.env.MONKEY',
    '',
  ])('is not %s', (path) => {
    expect(isSecretKey(path.split('.'))).toBe(false)
  })

  it('needs a key', () => {
    expect(isSecretKey([])).toBe(false)
  })
})

describe('a secret wherever it stands', () => {
  it.each([
    'https://user:hunter2@proxy.example:8080/',
    'socks5://:hunter2@proxy.example',
    '-----BEGIN OPENSSH PRIVATE KEY-----',
    'Bearer abcdefghijkl',
    `sk-${'a'.repeat(24)}`,
    `ghp_${'a'.repeat(36)}`,
    `xoxb-${'1'.repeat(12)}`,
    `AKIA${'A'.repeat(16)}`,
  ])('is %s', (value) => {
    expect(isSecretValue(value)).toBe(true)
  })

  it.each([
    'https://proxy.example:8080/',
    'https://user@proxy.example/',
    'https://example.com/a:b@c',
    'gpt-5',
    'sk-short',
    'ask-questions-before-every-single-change',
    '',
  ])('is not %s', (value) => {
    expect(isSecretValue(value)).toBe(false)
  })
})
