import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse as parseYaml } from 'yaml'

import type { Schema } from '#crds/definition.ts'
import { API_VERSION } from '#crds/group.ts'
import { KIND_NAMES, type KindName, KINDS } from '#crds/kinds.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'
import { readSource } from '#test/support/source-text.ts'

const RESOURCES = readMarkdown('docs/resources.md')

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  const spec = { deviceId: 'laptop', displayName: 'laptop', deviceType: 'local' } as const
  const metadata = { name: 'laptop', namespace: api.user.namespace }
  await api.store.create('Device', { apiVersion: API_VERSION, kind: 'Device', metadata, spec })
})
afterAll(() => api.stop())

it('lists every kind with its short name, and no other', () => {
  const listed = tableOf(RESOURCES, 'Resources', 'kind').rows.map(
    ([kind = '', short]) => [kind.replace(/^\[(\w+)\].*/, '$1'), short] as const,
  )
  const known = KIND_NAMES.map((name) => [name, KINDS[name].shortNames.join(', ')] as const)
  expect(new Map(listed)).toEqual(new Map(known))
})

it.each(KIND_NAMES)('describes every field of the spec of %s, and no other', (kind) => {
  const listed = columnOf(tableOf(RESOURCES, kind, 'field'), 'field')
  const spec = KINDS[kind].schema.properties?.['spec']
  expect(listed.toSorted()).toEqual(fieldsOf(spec, 'spec').toSorted())
})

function fieldsOf(schema: Schema | undefined, path: string): readonly string[] {
  if (schema?.items?.type === 'object') return fieldsOf(schema.items, `${path}[]`)
  const isOpen = schema?.['x-kubernetes-preserve-unknown-fields'] === true
  if (schema?.properties === undefined || isOpen) return [path]
  return Object.entries(schema.properties).flatMap(([name, child]) => fieldsOf(child, `${path}.${name}`))
}

const MANIFESTS = RESOURCES.blocks
  .flatMap(({ language, text }) => [
    ...(language === 'yaml' ? [text] : []),
    ...[...text.matchAll(/<<'EOF'\n(.*?)\nEOF/gs)].map(([, document = '']) => document),
  ])
  .map((text) => parseYaml(text) as { readonly kind: string })

it('shows a manifest for every kind that is applied', () => {
  const shown = new Set(MANIFESTS.map(({ kind }) => kind))
  expect([...shown].toSorted()).toEqual(KIND_NAMES.filter((name) => name !== 'User').toSorted())
})

it.each(MANIFESTS.map((manifest) => [manifest.kind, manifest] as const))(
  'shows a manifest of a %s that is applied',
  async (_kind, manifest) => {
    const token = await api.tokenFor('ada', ['user', 'admin'])
    const { body } = await api.call('POST', '/v1/namespaces/default/apply', { token, body: manifest })
    expect(body).toMatchObject({ message: 'Applied 1/1 resources' })
  },
)

it('lists every state, and no other', () => {
  const listed = columnOf(tableOf(RESOURCES, 'States', 'state'), 'state')
  expect(listed).toEqual(statesOfDevices())
})

function statesOfDevices(): readonly unknown[] {
  const path = ['status', 'runtimes'] as const
  const rows = path.reduce<Schema | undefined>(
    (schema, name) => schema?.properties?.[name],
    KINDS.Device.schema,
  )
  return rows?.items?.properties?.['state']?.enum ?? []
}

// Who writes which condition; what it says is a literal there.
const WRITERS = {
  UserRuntimeConfig: ['core/auth-sync-status.ts', 'core/document-fault.ts'],
  UserProxyConfig: ['controller/user-proxy-config/reconcile.ts'],
  Device: ['controller/device/render.ts'],
  User: ['controller/user/reconcile.ts', 'core/user-claims.ts'],
  ManagedRuntimeConfig: ['controller/managed-runtime-config/reconcile.ts'],
} as const satisfies Partial<Record<KindName, readonly string[]>>

it.each(Object.entries(WRITERS))(
  'lists every reason of the conditions of %s, and no other',
  (kind, paths) => {
    const listed = columnOf(tableOf(RESOURCES, kind, 'condition'), 'reason')
    const written = paths.map((path) => readSource(path)).join('\n')
    expect([...new Set(listed)].toSorted()).toEqual(reasonsIn(written).toSorted())
  },
)

function reasonsIn(text: string): readonly string[] {
  const written = [
    ...text.matchAll(/\bof\(\s*'(?:True|False|Unknown)',\s*'(\w+)'/g),
    ...text.matchAll(/\breason: '(\w+)'/g),
    ...text.matchAll(/\bunusable\('(\w+)'/g),
  ]
  return [...new Set(written.map(([, reason = '']) => reason))]
}

it('names the files and variables of the runtimes that ship with it', () => {
  const listed = tableOf(readMarkdown('docs/devices.md'), 'Where the file is', 'runtime').rows
  const shipped = BUILT_IN_RUNTIMES.map(({ metadata, spec: { auth } }) => [
    metadata.name,
    auth.homeVariable,
    `$${auth.homeVariable}/${auth.targetPath.split('/').at(-1)}`,
  ])
  expect(new Set(listed)).toEqual(new Set(shipped))
})
