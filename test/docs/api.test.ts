import { afterAll, beforeAll, expect, it } from 'vitest'

import { SCOPES } from '#api/principal.ts'
import { DEFAULT_RATE_LIMITS } from '#api/rate-limit.ts'
import { ERRORS } from '#core/errors.ts'
import { DeviceView, ProxyProbeView } from '#protocol/device.ts'
import { UserView } from '#protocol/user.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'

const API = readMarkdown('docs/api.md')

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.stop())

interface Operation {
  readonly description?: string
}

/** `GET /path → scope`, from the document that is made of the router's own table. */
async function servedRoutes(): Promise<readonly string[]> {
  const { body } = await api.call('GET', '/openapi.json')
  const { paths } = body as { readonly paths: Record<string, Record<string, Operation>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { description }]) =>
      lineOf(method, path, /^Scope: ([a-z-]+)\.$/.exec(description ?? '')?.[1] ?? 'none'),
    ),
  )
}

function lineOf(method: string, path: string, scope: string): string {
  return `${method.toUpperCase()} ${path} → ${scope.replaceAll('-', ' ')}`
}

it('lists every route with its scope, and no other', async () => {
  const routes = tableOf(API, 'Routes', 'method').rows.map(([method = '', path = '', scope = '']) =>
    lineOf(method, path, scope),
  )
  expect(routes.toSorted()).toEqual((await servedRoutes()).toSorted())
})

it('calls only paths that exist in its examples', async () => {
  const patterns = (await servedRoutes()).map(toPattern)
  const called = API.blocks
    .flatMap(({ text }) => [...text.matchAll(/\$SERVER(\/[^\s"?]*)/g)])
    .map(([, path = '']) => path)
  expect(called.length).toBeGreaterThan(10)
  expect(called.filter((path) => !patterns.some((pattern) => pattern.test(path)))).toEqual([])
})

function toPattern(route: string): RegExp {
  const path = route.split(' ')[1] ?? ''
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`)
}

it('lists every error code with its status, and no other', () => {
  const listed = tableOf(API, 'Errors', 'code').rows.map(([code, status]) => [code, Number(status)])
  expect(listed).toEqual(Object.entries(ERRORS).map(([code, { status }]) => [code, status]))
})

it('lists every scope, and no other', () => {
  expect(columnOf(tableOf(API, 'Who is asking', 'scope'), 'scope').toSorted()).toEqual(SCOPES.toSorted())
})

it('names the rate limits as they are when nothing is set', () => {
  const { address, user, execution } = DEFAULT_RATE_LIMITS
  const rates = tableOf(API, 'Limits', 'what').rows.filter(([what]) => what?.startsWith('requests of one'))
  expect(rates.map(([, limit]) => limit)).toEqual(
    [user, address, execution].map(({ requests }) => `${group(requests)} a minute`),
  )
  expect([address, user, execution].map(({ windowSeconds }) => windowSeconds)).toEqual([60, 60, 60])
})

function group(count: number): string {
  return count < 10_000 ? String(count) : String(count).replaceAll(/(\d)(?=(\d{3})+$)/g, '$1 ')
}

it('lists the twelve keys of a runtime as they are answered', async () => {
  const { body } = await api.call('GET', '/users/me/runtime-configs/codex')
  expect(keysOfExample('HTTP API')).toEqual(Object.keys(body as object))
})

it('lists the keys of a proxy as they are answered', async () => {
  const { body } = await api.call('GET', '/users/me/proxy-config')
  expect(keysOfExample('Proxy')).toEqual(Object.keys(body as object))
})

it('lists the keys of a device token as they are answered', async () => {
  const { body } = await api.call('POST', '/users/me/device-tokens', { body: { name: 'laptop' } })
  expect(keysOfExample('Device tokens')).toEqual(Object.keys(body as object))
})

it('lists the keys of a tried proxy as they are answered', () => {
  const example = API.blocks.find(({ text, language }) => language === 'json' && text.includes('"probed_at"'))
  expect(Object.keys(ProxyProbeView.parse(JSON.parse(example?.text ?? 'null')))).toEqual(
    Object.keys(ProxyProbeView.shape),
  )
})

it('shows a user as they are answered', () => {
  expect(UserView.strict().parse(exampleOf('Users'))).toEqual(exampleOf('Users'))
})

it('shows a device as it is answered', () => {
  expect(DeviceView.strict().parse(exampleOf('Devices'))).toEqual(exampleOf('Devices'))
})

it('shows a problem as it is answered', async () => {
  const { body } = await api.call('PUT', '/users/me/runtime-configs/codex', { body: { use_user_config: 1 } })
  expect(exampleOf('Errors')).toEqual(body)
})

it('applies the manifest it shows, with the answer it shows', async () => {
  await api.call('POST', '/users/me/runtime-configs/codex/auth-json', { body: { auth_json: '{}' } })
  const text = API.blocks.find(({ section, language }) => section === 'Manifests' && language === 'sh')?.text
  const manifest = /<<'EOF'\n(.*)\nEOF/s.exec(text ?? '')?.[1] ?? ''
  const headers = { 'content-type': 'application/yaml' }
  const { body } = await api.call('POST', '/v1/namespaces/default/apply', { body: manifest, headers })
  expect(body).toEqual(exampleOf('Manifests'))
})

function exampleOf(section: string): unknown {
  const text = API.blocks.find((block) => block.section === section && block.language === 'json')?.text
  return JSON.parse(text ?? 'null')
}

function keysOfExample(section: string): readonly string[] {
  return Object.keys(exampleOf(section) as object)
}
