import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseKeyPath } from '#layers/key-path.ts'
import { createLayer, type ConfigLayer, type LayerType } from '#layers/layer.ts'
import { renameAliases } from '#layers/merge/aliases.ts'
import { collectOrigins } from '#layers/merge/collected-origins.ts'
import { liveOrigins } from '#layers/merge/live-origins.ts'
import { mergeLayers } from '#layers/merge/merge.ts'
import { rulesFor } from '#layers/precedence.ts'
import { readToml } from '#layers/toml/read.ts'
import { isTable, sameValue, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'
import { anyTable } from '#test/layers/any-config.ts'
import { anyText } from '#test/layers/any-text.ts'

const TODAY = rulesFor('codex', '0.169.0')

describe('origins as the reference has them', () => {
  it.each<[string, readonly string[], Record<string, LayerType>]>([
    ['join segments without quotes', ['x."a.b" = 1\nx.a.b = 2', 'x."a.b" = 3'], { 'x.a.b': 'sessionFlags' }],
    [
      'have keys without characters',
      ['"" = 1\n[x]\n"" = 2', '"".y = 1'],
      { '': 'user', 'x.': 'user', '.y': 'sessionFlags' },
    ],
    [
      'count items of arrays',
      ['x = [1, [2], { k = 3 }]'],
      { 'x.0': 'user', 'x.1.0': 'user', 'x.2.k': 'user' },
    ],
    ['leave out empty tables and arrays', ['x = {}\ny = []\nz = [[], {}]'], {}],
    [
      'keep what a shorter array has replaced',
      ['x = [1, 2]', 'x = [3]'],
      { 'x.0': 'sessionFlags', 'x.1': 'user' },
    ],
    ['keep what a value has replaced', ['x.a = 1', 'x = 2'], { 'x.a': 'user', x: 'sessionFlags' }],
    ['follow an equal value upwards', ['x = 1', 'x = 1'], { x: 'sessionFlags' }],
    [
      'use the canonical spelling and no other form',
      [
        'memories.no_memories_if_mcp_or_web_search = true\n[shell_environment_policy.filters]\nA = "exclude"',
        'shell_environment_policy.filters.a = "include"',
      ],
      {
        'memories.disable_on_external_context': 'user',
        'shell_environment_policy.filters.A': 'user',
        'shell_environment_policy.filters.a': 'sessionFlags',
      },
    ],
  ])('%s', (_what, texts, expected) => {
    expect(typesOf(collectOrigins(layersOf(texts), TODAY))).toEqual(expected)
  })

  it('leave out a disabled layer', () => {
    const layers = [aLayer('user', 'x = 1'), aLayer('sessionFlags', 'x = 2', 'not trusted')]
    expect(typesOf(collectOrigins(layers, TODAY))).toEqual({ x: 'user' })
  })

  it('are what writing every leaf of every layer from the lowest to the highest leaves behind', () => {
    fc.assert(
      fc.property(fc.array(anyTable(), { maxLength: 4 }), (tables) => {
        const layers = tables.map((table) => createLayer({ type: 'sessionFlags' }, table))
        const origins = new Map<string, string>()
        for (const { config, version } of layers) {
          for (const name of namesOf(config)) origins.set(name, version)
        }
        const collected = collectOrigins(layers, TODAY)
        expect(new Map([...collected].map(([name, { version }]) => [name, version]))).toEqual(origins)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('live origins', () => {
  it.each<[string, readonly string[], Record<string, LayerType>]>([
    [
      'keep apart what only dots make look the same',
      ['x."a.b" = 1\nx.a.b = 2', 'x."a.b" = 3'],
      { 'x."a.b"': 'sessionFlags', 'x.a.b': 'user' },
    ],
    ['have one entry for an array', ['x = [1, 2]', 'x = [3]'], { x: 'sessionFlags' }],
    ['have an entry for an empty array and an empty table', ['x = []\ny = {}'], { x: 'user', y: 'user' }],
    ['have none for what a value has replaced', ['x.a = 1', 'x = 2'], { x: 'sessionFlags' }],
    [
      'have none for what a value in between has ended',
      ['x.a = 1', 'x = 2', 'x.b = 3'],
      { 'x.b': 'legacyManagedConfigTomlFromFile' },
    ],
    ['name the lower layer where an empty table changes nothing', ['x.a = 1', 'x = {}'], { 'x.a': 'user' }],
    [
      'find a host under its normal form in the layer that spells it otherwise',
      [
        '[permissions.p.network.domains]\n"Example.COM." = "allow"\n"B.com" = "allow"',
        '[permissions.p.network.domains]\n"EXAMPLE.com" = "deny"',
      ],
      {
        'permissions.p.network.domains."example.com"': 'sessionFlags',
        'permissions.p.network.domains."b.com"': 'user',
      },
    ],
    [
      'have none for filters of variables that lists have ended',
      [
        'shell_environment_policy.filters.A = "exclude"',
        'shell_environment_policy.exclude = ["b"]',
        'shell_environment_policy.filters.c = "exclude"',
      ],
      { 'shell_environment_policy.filters.c': 'legacyManagedConfigTomlFromFile' },
    ],
  ])('%s', (_what, texts, expected) => {
    expect(typesOf(live(layersOf(texts)))).toEqual(expected)
  })

  it('leave out a disabled layer', () => {
    const layers = [aLayer('user', 'x = 1'), aLayer('sessionFlags', 'x = 2', 'not trusted')]
    expect(typesOf(liveOrigins(readToml('x = 1'), layers, TODAY))).toEqual({ x: 'user' })
  })

  it('name for each leaf that applies, and for nothing else, a layer that has just this value there', () => {
    fc.assert(
      fc.property(fc.array(anyTable(), { maxLength: 3 }), (tables) => {
        const layers = tables.map((table, index) => createLayer(NAMES[index] ?? NAMES[0], table))
        const effective = mergeLayers(tables, TODAY)
        const origins = liveOrigins(effective, layers, TODAY)
        const leaves = leavesOf(effective)
        expect(origins.size).toBe(leaves.length)
        const suppliers = [...origins.values()].map(({ name }) => layers.find((layer) => layer.name === name))
        expect(leaves.map((leaf, index) => supplies(suppliers[index], leaf))).toEqual(leaves.map(() => true))
      }),
    )
  })

  it('have keys that lead back to the leaf', () => {
    const keys = anyText({ minLength: 1 })
    fc.assert(
      fc.property(
        fc.dictionary(keys, fc.dictionary(keys, fc.boolean(), { minKeys: 1, maxKeys: 3 }), { maxKeys: 3 }),
        (object) => {
          const table = new Map(
            Object.entries(object).map(([key, inner]) => [key, new Map(Object.entries(inner))]),
          )
          const origins = liveOrigins(table, [createLayer({ type: 'sessionFlags' }, table)], TODAY)
          const paths = [...origins.keys()].map((key) => parseKeyPath(key, 'quoted'))
          expect(paths).toEqual(leavesOf(table).map(({ path }) => path))
        },
      ),
    )
  })

  it('of ten thousand hosts take no time for each pair of them', () => {
    const many = (first: string) =>
      `[permissions.p.network.domains]\n${Array.from({ length: 10_000 }, (_, index) => `${first}${String(index)} = "deny"`).join('\n')}`
    expect(live([aLayer('user', many('A')), aLayer('sessionFlags', many('a'))]).size).toBe(10_000)
  })
})

const NAMES = [
  { type: 'user', file: '/home/config.toml' },
  { type: 'sessionFlags' },
  { type: 'legacyManagedConfigTomlFromFile', file: '/etc/codex/managed_config.toml' },
] as const

function layersOf(texts: readonly string[]): readonly ConfigLayer[] {
  return texts.map((text, index) => createLayer(NAMES[index] ?? NAMES[0], readToml(text)))
}

function aLayer(type: LayerType, text: string, disabledReason?: string): ConfigLayer {
  const name = NAMES.find((each) => each.type === type) ?? NAMES[0]
  return createLayer(name, readToml(text), disabledReason)
}

function live(layers: readonly ConfigLayer[]): ReturnType<typeof liveOrigins> {
  return liveOrigins(
    mergeLayers(
      layers.map((layer) => layer.config),
      TODAY,
    ),
    layers,
    TODAY,
  )
}

function typesOf(origins: ReturnType<typeof liveOrigins>): Record<string, LayerType> {
  return Object.fromEntries([...origins].map(([key, { name }]) => [key, name.type]))
}

/** Names of leaves as the reference spells them. */
function namesOf(value: TomlValue): readonly string[] {
  const entries = isTable(value) ? [...value] : [...(value as readonly TomlValue[]).entries()]
  return entries.flatMap(([key, child]) =>
    isTable(child) || Array.isArray(child) ? namesOf(child).map((name) => `${key}.${name}`) : [String(key)],
  )
}

interface Leaf {
  readonly path: readonly string[]
  readonly value: TomlValue
}

function leavesOf(table: TomlTable, path: readonly string[] = []): readonly Leaf[] {
  return [...table].flatMap(([key, value]): readonly Leaf[] => {
    const below = [...path, key]
    return isTable(value) && value.size > 0 ? leavesOf(value, below) : [{ path: below, value }]
  })
}

function supplies(layer: ConfigLayer | undefined, { path, value }: Leaf): boolean {
  const supplied = layer && valueAt(renameAliases(layer.config, TODAY.aliases), path)
  return supplied !== undefined && sameValue(supplied, value)
}
