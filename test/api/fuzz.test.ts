import { Agent, request as httpRequest } from 'node:http'

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Problem } from '#protocol/problem.ts'
import { aDeviceReport } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { sendRaw } from '#test/support/raw-http.ts'

const RATES = { requests: 1e9, windowSeconds: 60 }
const RUNS = { numRuns: 400 }

let api: TestApi
let agent: Agent
const tokens: string[] = []

beforeAll(async () => {
  const rates = { address: RATES, user: RATES, execution: RATES, refusedTokenCost: 0 }
  api = await startTestApi({ limits: { rates } })
  agent = new Agent({ keepAlive: true, maxSockets: 4 })
  tokens.push(
    api.token,
    await api.tokenFor('ada', ['execution']),
    await api.tokenFor('root', ['admin', 'user']),
  )
  api.devices.add(aDeviceReport())
  await api.call('POST', '/users/me/runtime-configs/codex/auth-json', { body: { auth_json: '{}' } })
})

afterAll(async () => {
  agent.destroy()
  await api.stop()
})

interface Hostile {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

interface Seen {
  readonly status: number
  readonly type: string
  readonly text: string
}

function send({ method, path, headers, body }: Hostile): Promise<Seen> {
  const { hostname, port } = new URL(api.address)
  return new Promise((resolve, reject) => {
    // Node sends no length with a HEAD or GET by itself, and the body would be read as the next request.
    const framed = { ...headers, 'content-length': Buffer.byteLength(body) }
    const request = httpRequest({ agent, hostname, port, method, path, headers: framed }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text: method === 'HEAD' ? '' : Buffer.concat(chunks).toString(),
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** What must hold of every answer whatever was asked: no bug was met, and a refusal is a problem. */
function requireCivil(seen: Seen, isHead: boolean): void {
  expect(seen.status).toBeGreaterThanOrEqual(200)
  expect([seen.status, seen.text]).not.toEqual([500, expect.anything()])
  if (seen.status < 400 || seen.status === 503) return
  expect(seen.type).toBe('application/problem+json; charset=utf-8')
  const said = isHead ? seen.status : Problem.parse(JSON.parse(seen.text)).status
  expect(said).toBe(seen.status)
}

const PATHS = [
  '/users/me/runtime-configs',
  '/users/me/runtime-configs/@',
  '/users/me/runtime-configs/@/auth-json',
  '/users/me/runtime-configs/@/import-device',
  '/users/me/runtime-configs/@/sync',
  '/users/me/runtime-configs/@/config',
  '/users/me/proxy-config',
  '/users/me/devices',
  '/users/me/devices/@',
  '/users/me/devices/@/probe-proxy',
  '/users/me/device-tokens',
  '/users/me/device-tokens/@',
  '/users',
  '/users/@',
  '/execution-requests/enrich',
  '/v1/namespaces/@/apply',
  '/v1/namespaces/@/@',
  '/v1/namespaces/@/@/@',
  '/@',
  '/livez',
  '/readyz',
  '/openapi.json',
]
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'LOCK', 'SEARCH']

const segment = fc.oneof(
  fc.constantFrom(
    'codex',
    'claude',
    'default',
    'user-1',
    'urc',
    'upc',
    'dev',
    'rt',
    'device-1',
    '%00',
    '..',
    '%2e%2e',
  ),
  fc.constantFrom(
    '%',
    '%zz',
    '%ff',
    '%ed%a0%80',
    '%2f',
    '%0a',
    '__proto__',
    'constructor',
    '%F0%9F%98%80',
    ' '.trim() || '+',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => encodeURIComponent(text.toWellFormed())),
)
const query = fc.oneof(
  fc.constant(''),
  fc
    .tuple(
      fc.constantFrom('limit', 'include', 'continue', 'labelSelector', 'fieldSelector', '__proto__', 'x[y]'),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    .map(([name, value]) => `?${name}=${encodeURIComponent(value.toWellFormed())}`),
)
const path = fc
  .tuple(fc.constantFrom(...PATHS), fc.array(segment, { minLength: 3, maxLength: 3 }), query)
  .map(([pattern, segments, query]) => {
    let at = 0
    return pattern.replaceAll('@', () => segments[at++] ?? '') + query
  })

const word = fc.constantFrom(
  'runtime',
  'model_config',
  'model',
  'include',
  'proxy',
  'runtime_config',
  'use_user_config',
  'use_proxy',
  'auth_json',
  'device_id',
  'device_ids',
  'edits',
  'keyPath',
  'value',
  'mergeStrategy',
  'expectedVersion',
  'config_overrides',
  'config',
  'proxy_url',
  'name',
  'expires_in_seconds',
  'apiVersion',
  'kind',
  'metadata',
  'spec',
  'items',
  'auth',
  'labels',
  'annotations',
  'namespace',
  '__proto__',
  'constructor',
  'toString',
)
const scalar = fc.oneof(
  fc.constantFrom<unknown>(
    true,
    false,
    null,
    0,
    -1,
    1e308,
    'codex',
    'openai',
    'responses',
    'UserRuntimeConfig',
    'Runtime',
  ),
  fc.constantFrom<unknown>(
    'agent.wecode.io/v1',
    'device-1',
    '{}',
    '[',
    'http://h:80',
    'socks5://[::1]:1',
    'default',
    '\ud800',
  ),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.double(),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 6 }),
  ),
}))
const body = fc.oneof(
  { weight: 5, arbitrary: tree.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }).map((text) => text.toWellFormed()) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '{',
      '[[[[',
      '{"auth_json":"{}"}',
      'a: &a [*a]',
      '"\\ud800"',
      '- '.repeat(500),
    ),
  },
)

const VISIBLE = 'abcXYZ019"\'*,;:/=-_()<>@[]{}|~ '.split('')
const visible = fc.string({ unit: fc.constantFrom(...VISIBLE), maxLength: 30 })
const headers = fc.record(
  {
    'content-type': fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('application/json', 'application/yaml') },
      { weight: 1, arbitrary: visible },
    ),
    authorization: fc.oneof(
      { weight: 8, arbitrary: fc.nat(2).map((at) => `Bearer ${tokens[at]}`) },
      { weight: 1, arbitrary: visible },
    ),
    'if-match': visible,
    'if-none-match': visible,
    'x-on-behalf-of': fc.oneof(visible, fc.constant('ada')),
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
    'x-forwarded-for': visible,
    range: fc.constant('bytes=0-1'),
  },
  { requiredKeys: ['content-type', 'authorization'] },
)

describe('whatever a client sends', () => {
  it('is answered, and never with a 500', async () => {
    const hostile = fc.record({ method: fc.constantFrom(...METHODS), path, headers, body })
    await fc.assert(
      fc.asyncProperty(hostile, async (one) => {
        requireCivil(await send(one), one.method === 'HEAD')
      }),
      { ...RUNS, numRuns: 1500 },
    )
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  }, 60_000)

  it('is answered when the body fits the route, and its values do not', async () => {
    const routes = fc.constantFrom(
      { method: 'PUT', path: '/users/me/runtime-configs/codex', field: 'use_user_config' },
      { method: 'POST', path: '/users/me/runtime-configs/codex/auth-json', field: 'auth_json' },
      { method: 'POST', path: '/users/me/runtime-configs/codex/import-device', field: 'device_id' },
      { method: 'POST', path: '/users/me/runtime-configs/codex/sync', field: 'device_ids' },
      { method: 'PUT', path: '/users/me/proxy-config', field: 'proxy_url' },
      { method: 'POST', path: '/users/me/device-tokens', field: 'name' },
    )
    await fc.assert(
      fc.asyncProperty(routes, tree, async ({ method, path, field }, value) => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${api.token}` }
        requireCivil(await send({ method, path, headers, body: JSON.stringify({ [field]: value }) }), false)
      }),
      RUNS,
    )
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  }, 60_000)

  it('is answered when manifests are almost right', async () => {
    const manifest = fc.record(
      {
        apiVersion: fc.oneof(fc.constant('agent.wecode.io/v1'), tree),
        kind: fc.constantFrom(
          'UserRuntimeConfig',
          'UserProxyConfig',
          'Device',
          'Runtime',
          'ManagedRuntimeConfig',
          'User',
        ),
        metadata: fc.oneof(
          fc.record({ name: fc.oneof(fc.constantFrom('codex', 'default', 'x'), fc.string()) }),
          fc.dictionary(
            fc.constantFrom('name', 'labels', 'annotations', 'finalizers', 'ownerReferences', 'uid'),
            tree,
          ),
          tree,
        ),
        spec: fc.oneof(
          fc.dictionary(
            fc.constantFrom('runtime', 'auth', 'config', 'proxy', 'suspend', 'displayName', 'deviceId'),
            tree,
          ),
          fc.constant({ runtime: 'codex' }),
          fc.record({
            runtime: fc.constant('codex'),
            auth: fc.dictionary(
              fc.constantFrom('format', 'targetPath', 'encryptedValue', 'secretRef', 'sha256'),
              tree,
            ),
          }),
          tree,
        ),
        status: tree,
      },
      { requiredKeys: ['kind'] },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(manifest, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (items, isAdmin) => {
          const token = isAdmin ? tokens[2] : tokens[0]
          const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
          const path = '/v1/namespaces/default/apply'
          const seen = await send({ method: 'POST', path, headers, body: JSON.stringify(items) })
          requireCivil(seen, false)
          expect([200, 400]).toContain(seen.status)
        },
      ),
      RUNS,
    )
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  }, 60_000)

  it('is answered, or the connection closed, when it is no HTTP', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc
        .string({ unit: 'binary', maxLength: 100 })
        .map((text) => Buffer.from(`GET /users/${text} HTTP/1.1\r\n\r\n`, 'latin1')),
      fc
        .string({ unit: 'binary', maxLength: 100 })
        .map((text) => Buffer.from(`PUT / HTTP/1.1\r\nHost: x\r\n${text}\r\n\r\n`, 'latin1')),
    )
    await fc.assert(
      fc.asyncProperty(bytes, async (noise) => {
        const answer = await sendRaw(api.address, [noise, '\r\n\r\nX\r\n\r\n'], (text) =>
          text.includes('\r\n\r\n'),
        )
        expect(answer).not.toMatch(/^HTTP\/1\.1 5/)
      }),
      RUNS,
    )
    expect(api.log.filter(({ level }) => level === 'error')).toEqual([])
  }, 60_000)
})
