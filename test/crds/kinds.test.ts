import { describe, expect, it } from 'vitest'

import type { Schema } from '#crds/definition.ts'
import { API_VERSION, GROUP, VERSION } from '#crds/group.ts'
import { isKindName, KIND_NAMES, KINDS } from '#crds/kinds.ts'
import { DEFINITIONS } from '#crds/types/definitions.generated.ts'
import { BUILT_IN_RUNTIMES } from '#crds/types/runtimes.generated.ts'
import { validateObject } from '#crds/validate.ts'

interface Node {
  readonly path: string
  readonly schema: Schema
}

const NODES = Object.values(KINDS).flatMap(({ name, schema }) => nodesOf(schema, name))
/** The server knows these itself and takes no description for them. */
const OWN_NODES = NODES.filter(({ path }) => !path.includes('.metadata'))

describe('the kinds', () => {
  it('are six, with the names, scopes and short names people type', () => {
    const rows = Object.values(KINDS).map(({ name, plural, shortNames, isNamespaced }) => {
      return [name, plural, shortNames.join(), isNamespaced ? 'namespaced' : 'cluster']
    })
    expect(rows).toEqual([
      ['Device', 'devices', 'dev', 'namespaced'],
      ['ManagedRuntimeConfig', 'managedruntimeconfigs', 'mrc', 'cluster'],
      ['Runtime', 'runtimes', 'rt', 'cluster'],
      ['User', 'users', '', 'cluster'],
      ['UserProxyConfig', 'userproxyconfigs', 'upc', 'namespaced'],
      ['UserRuntimeConfig', 'userruntimeconfigs', 'urc', 'namespaced'],
    ])
  })

  it('can be selected by these fields', () => {
    const fields = Object.values(KINDS).map(({ name, selectableFields }) => [name, selectableFields])
    expect(Object.fromEntries(fields)).toEqual({
      Device: ['spec.deviceId', 'spec.deviceType', 'status.gateway'],
      ManagedRuntimeConfig: ['spec.runtime'],
      Runtime: ['spec.displayName'],
      User: ['spec.subject', 'spec.namespace'],
      UserProxyConfig: ['status.maskedUrl'],
      UserRuntimeConfig: ['spec.runtime'],
    })
  })

  it.each(KIND_NAMES)('%s is in the group, served and stored as v1, with a status of its own', (kind) => {
    const { spec, metadata } = DEFINITIONS[kind]
    const [version, ...others] = spec.versions
    expect(others).toEqual([])
    expect(metadata.name).toBe(`${spec.names.plural}.${GROUP}`)
    expect(version).toMatchObject({
      name: VERSION,
      served: true,
      storage: true,
      subresources: { status: {} },
    })
  })

  it.each(KIND_NAMES)('%s ends its columns with its age, each with words', (kind) => {
    const { printerColumns } = KINDS[kind]
    expect(printerColumns.at(-1)?.name).toBe('Age')
    expect(printerColumns.filter((column) => !column.description)).toEqual([])
  })

  it('have one shape of condition', () => {
    const shapes = Object.values(KINDS).map(({ schema }) => {
      const { description: _, ...shape } = schema.properties?.['status']?.properties?.['conditions'] ?? {}
      return shape
    })
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1)
  })

  it.each(['device', 'constructor', '__proto__', '', 'Pod'])('do not include %j', (name) => {
    expect(isKindName(name)).toBe(false)
  })

  it('are recognised by name', () => {
    expect(KIND_NAMES.every(isKindName)).toBe(true)
    expect(API_VERSION).toBe('agent.wecode.io/v1')
  })
})

describe('every field of every kind', () => {
  it('has a description that ends as a sentence', () => {
    expect(OWN_NODES.filter(({ schema }) => !/\S.*[.]$/.test(schema.description ?? '')).map(pathOf)).toEqual(
      [],
    )
  })

  it('is bounded: texts, lists, maps and numbers', () => {
    expect(OWN_NODES.filter(({ schema }) => !isBounded(schema)).map(pathOf)).toEqual([])
  })

  it('that is a list says how its items are told apart', () => {
    const lists = OWN_NODES.filter(({ schema }) => schema.type === 'array')
    expect(lists.filter(({ schema }) => schema['x-kubernetes-list-type'] === undefined).map(pathOf)).toEqual(
      [],
    )
  })

  it('that has a rule says in its message what to do', () => {
    const rules = NODES.flatMap(({ schema }) => schema['x-kubernetes-validations'] ?? [])
    expect(rules.length).toBeGreaterThan(20)
    expect(rules.filter(({ message }) => message.length < 20)).toEqual([])
  })

  it('has a pattern that Go and JavaScript read alike', () => {
    const patterns = NODES.flatMap(({ schema }) => schema.pattern ?? [])
    // Classes such as \s, \w and \d, and a bare dot, mean different characters in RE2 and in ECMAScript.
    expect(patterns.filter((pattern) => /\\[sSwWdDbB]|(?<!\[[^\]]*)\./.test(pattern))).toEqual([])
  })
})

describe('the built-in runtimes', () => {
  it('are codex and claude as the product describes them', () => {
    expect(BUILT_IN_RUNTIMES.map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
      [
        'claude',
        {
          displayName: 'Claude Code',
          processName: 'claude',
          auth: {
            targetPath: '~/.claude/.credentials.json',
            format: 'json',
            homeVariable: 'CLAUDE_CONFIG_DIR',
            fields: { refreshToken: '/claudeAiOauth/refreshToken' },
            validation: { maxBytes: 524288 },
          },
          proxy: { schemes: ['http', 'https'] },
          config: { path: '~/.claude/settings.json', format: 'json' },
        },
      ],
      [
        'codex',
        {
          displayName: 'Codex',
          processName: 'codex',
          auth: {
            targetPath: '~/.codex/auth.json',
            format: 'json',
            homeVariable: 'CODEX_HOME',
            fields: {
              accountId: '/tokens/account_id',
              refreshToken: '/tokens/refresh_token',
              lastRefresh: '/last_refresh',
            },
            validation: { maxBytes: 524288 },
          },
          proxy: { schemes: ['http', 'https', 'socks5'] },
          config: { path: '~/.codex/config.toml', format: 'toml' },
        },
      ],
    ])
  })

  it('keep every rule of their kind', () => {
    expect(BUILT_IN_RUNTIMES.flatMap((runtime) => validateObject('Runtime', runtime))).toEqual([])
  })
})

function nodesOf(schema: Schema, path: string): readonly Node[] {
  const children = Object.entries(schema.properties ?? {}).map(
    ([name, child]) => [`.${name}`, child] as const,
  )
  const items = schema.items === undefined ? [] : [['[]', schema.items] as const]
  const values =
    schema.additionalProperties === undefined ? [] : [['{}', schema.additionalProperties] as const]
  return [
    { path, schema },
    ...[...children, ...items, ...values].flatMap(([step, child]) => nodesOf(child, `${path}${step}`)),
  ]
}

function pathOf({ path }: Node): string {
  return path
}

function isBounded(schema: Schema): boolean {
  const isOpenMap =
    schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true
  switch (schema.type) {
    case 'string':
      return schema.enum !== undefined || schema.maxLength !== undefined
    case 'array':
      return schema.maxItems !== undefined
    case 'integer':
      return schema.minimum !== undefined && schema.maximum !== undefined
    default:
      return !isOpenMap || schema.maxProperties !== undefined
  }
}
