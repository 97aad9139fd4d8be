import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'
import { parse } from 'yaml'

import { SETTINGS } from '#cli/settings.ts'
import { columnOf, readMarkdown, ROOT, tableOf } from '#test/support/markdown.ts'

const FOLDER = 'charts/runtime-config-operator'
const VALUES: unknown = parse(readText('values.yaml'))
const SCHEMA: Schema = JSON.parse(readText('values.schema.json'))

interface Schema {
  readonly description?: string
  readonly type?: string
  readonly additionalProperties?: boolean
  readonly properties?: Readonly<Record<string, Schema>>
}

/** Settings that the chart decides by itself, from other values or from the pod. */
const OF_THE_CHART = new Set([
  'store',
  'data',
  'keyring',
  'signing-key',
  'listen',
  'legacy-key',
  'kubeconfig',
  'operator-namespace',
  'replica',
  'peer-listen',
  'peer-url',
  'peer-token-file',
])
/** Those of clients. */
const OF_CLIENTS = new Set(['server', 'token-file'])

it('lists every value with its default in the README of the chart, and no other', () => {
  const table = tableOf(readMarkdown(`${FOLDER}/README.md`), SECTION, 'value')
  expect(table.rows.map(([name, fallback]) => [name, fallback])).toEqual(listed(VALUES, SCHEMA, []))
})

it('describes every value in the schema', () => {
  const undescribed = leaves(VALUES, SCHEMA, []).filter(({ schema }) => (schema?.description ?? '') === '')
  expect(undescribed.map(({ path }) => path.join('.'))).toEqual([])
})

it('offers every setting of the server that it does not decide by itself', () => {
  const offered = Object.keys(SCHEMA.properties?.['settings']?.properties ?? {})
  const expected = Object.keys(SETTINGS).filter((name) => !OF_THE_CHART.has(name) && !OF_CLIENTS.has(name))
  expect(offered.toSorted()).toEqual(expected.toSorted())
})

it('lets everything through to the outside that the API and devices need, and nothing else', () => {
  const paths = (VALUES as { readonly publicPaths: readonly string[] }).publicPaths
  const routes = columnOf(tableOf(readMarkdown('docs/api.md'), 'Routes', 'method'), 'path')
  const isInner = (path: string) => /^\/(livez|readyz|metrics)$/.test(path)
  const isPublic = (path: string) => paths.some((one) => path === one || path.startsWith(`${one}/`))
  for (const prefix of ['', '/api']) {
    const outer = routes.filter((path) => !isInner(path)).filter((path) => !isPublic(prefix + path))
    expect(outer).toEqual([])
    expect(
      ['/livez', '/readyz', '/metrics', '/internal/v1/syncs'].filter((path) => isPublic(prefix + path)),
    ).toEqual([])
  }
  expect(isPublic('/socket.io/')).toBe(true)
})

it.each(['alerts.yaml', 'dashboard.json'])('asks only for metrics that there are in %s', (name) => {
  const tables = readMarkdown('docs/operating.md').tables.filter(({ columns }) => columns[0] === 'metric')
  const documented = new Set(tables.flatMap((table) => columnOf(table, 'metric')))
  const text = expressionsOf(name).join('\n')
  const asked = [...text.matchAll(/\b(?:runtimeconfig|workqueue|controller_runtime|process|nodejs)_\w+/g)]
  const unknown = asked
    .map(([metric]) => metric.replace(/_(?:bucket|count|sum)$/, ''))
    .filter((metric) => !/^(?:process|nodejs)_/.test(metric) && !documented.has(metric))
  expect(asked.length).toBeGreaterThan(8)
  expect([...new Set(unknown)]).toEqual([])
})

const SECTION = 'charts/runtime-config-operator: the product in a cluster'

interface Leaf {
  readonly path: readonly string[]
  readonly value: unknown
  readonly schema: Schema | undefined
}

/** Values one by one; what is as of Kubernetes, or open, is one value. */
function leaves(value: unknown, schema: Schema | undefined, path: readonly string[]): readonly Leaf[] {
  const isOpen = schema?.properties === undefined || ['settings', 'resources'].includes(path.join('.'))
  if (isOpen || typeof value !== 'object' || value === null) return [{ path, value, schema }]
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, schema.properties?.[name], [...path, name]),
  )
}

function listed(...from: Parameters<typeof leaves>): readonly (readonly string[])[] {
  return leaves(...from).map(({ path, value }) => {
    const isLong = typeof value === 'object' && value !== null && Object.keys(value).length > 0
    return [path.join('.'), isLong ? 'see values.yaml' : JSON.stringify(value)]
  })
}

function expressionsOf(name: string): readonly string[] {
  const found: string[] = []
  parse(readText(name), (key, value) => {
    if (key === 'expr') found.push(String(value))
    return value
  })
  return found
}

function readText(name: string): string {
  return readFileSync(join(ROOT, FOLDER, name), 'utf8')
}
