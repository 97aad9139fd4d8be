import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { parseKeyPath } from '#layers/key-path.ts'
import { createLayer, type ConfigLayer, type LayerName } from '#layers/layer.ts'
import { joinArrays } from '#layers/merge/joined-arrays.ts'
import { liveOrigins } from '#layers/merge/live-origins.ts'
import { mergeLayers } from '#layers/merge/merge.ts'
import { rulesFor } from '#layers/precedence.ts'
import { claudeProfile } from '#layers/runtimes/claude.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { isArray, valueAt, type TomlTable, type TomlValue } from '#layers/value.ts'

const RULES = rulesFor('claude')

const USER: LayerName = { type: 'user', file: '/home/dev/.claude/settings.json' }
const PROJECT: LayerName = { type: 'projectFile', file: '/work/.claude/settings.json' }
const MANAGED: LayerName = { type: 'managedFile', file: '/etc/claude-code/managed-settings.json' }

function layer(name: LayerName, text: string): ConfigLayer {
  return createLayer(name, readToml(text))
}

function stackOf(...layers: readonly ConfigLayer[]): ConfigLayerStack {
  return ConfigLayerStack.of({ layers, profile: claudeProfile() })
}

const ORDER: readonly LayerName[] = [USER, PROJECT, MANAGED]

function originsOf(tables: readonly TomlTable[]) {
  const layers = tables.map((table, index) => createLayer(ORDER[index] ?? USER, table))
  return liveOrigins(mergeLayers(tables, RULES), layers, RULES)
}

describe('arrays that are joined', () => {
  it.each<[string, readonly string[], string]>([
    ['follow each other, the lower one first', ['a = [1, 2]', 'a = [3]'], '{"a":[1,2,3]}'],
    ['have every scalar once', ['a = ["x", "y"]', 'a = ["y", "z"]'], '{"a":["x","y","z"]}'],
    ['tell floats from integers', ['a = [1]', 'a = [1.0]'], '{"a":[1,1.0]}'],
    ['keep equal tables', ['a = [{ b = 1 }]', 'a = [{ b = 1 }]'], '{"a":[{"b":1},{"b":1}]}'],
    ['stay when nothing is added', ['a = [1]', 'a = []'], '{"a":[1]}'],
    ['are joined over several layers', ['a = [1]', '', 'a = [2]', 'a = [1, 3]'], '{"a":[1,2,3]}'],
    [
      'are joined inside tables',
      ['p = { allow = ["x"] }', 'p = { allow = ["y"] }'],
      '{"p":{"allow":["x","y"]}}',
    ],
    ['end where another kind is', ['a = [1]', 'a = 2', 'a = [3]'], '{"a":[3]}'],
    [
      'are not joined where a value is taken whole',
      ['fallbackModel = ["x"]', 'fallbackModel = ["y"]'],
      '{"fallbackModel":["y"]}',
    ],
    [
      'leave tables whole that are taken whole',
      ['extraKnownMarketplaces = { m = { a = 1 }, n = {} }', 'extraKnownMarketplaces = { m = { b = 2 } }'],
      '{"extraKnownMarketplaces":{"m":{"b":2},"n":{}}}',
    ],
  ])('%s', (_what, texts, expected) => {
    expect(
      canonicalJson(
        mergeLayers(
          texts.map((text) => readToml(text)),
          RULES,
        ),
      ),
    ).toBe(expected)
  })

  it.each<[string, readonly string[], LayerName]>([
    ['is the highest that adds an item', ['a = [1]', 'a = [2]', 'a = [1, 2]'], PROJECT],
    ['is the highest where all add', ['a = [1]', 'a = [2]', 'a = [3]'], MANAGED],
    ['is the lowest where nobody adds to it', ['a = [1]', 'a = []', 'a = [1, 1]'], USER],
    ['is the highest where nothing is in it', ['a = []', 'a = []', 'x = 1'], PROJECT],
    ['counts from another kind of value on', ['a = [1]', 'a = 2', 'a = [1]'], MANAGED],
    ['counts from another kind of table on', ['p.a = [1]', 'p = 2', 'p.a = [1]'], MANAGED],
    ['is the highest where it is taken whole', ['fallbackModel = [1]', 'fallbackModel = [1]', ''], PROJECT],
    [
      'is the highest inside what is taken whole',
      ['extraKnownMarketplaces.m.a = [1]', 'extraKnownMarketplaces.m.a = [1]', ''],
      PROJECT,
    ],
  ])('have an origin, which %s', (_what, texts, expected) => {
    const origins = originsOf(texts.map((text) => readToml(text)))
    expect([...origins.values()][0]?.name).toBe(expected)
  })

  it('have an origin that really supplies an item, and nobody above it does', () => {
    const scalar: fc.Arbitrary<TomlValue> = fc.constantFrom<TomlValue>(1n, 2n, 'x', true)
    const value = fc.oneof(
      { weight: 5, arbitrary: fc.array(scalar, { maxLength: 3 }) },
      { weight: 1, arbitrary: scalar },
    )
    const table = fc
      .dictionary(fc.constantFrom('a', 'b'), value)
      .map((entries): TomlTable => new Map<string, TomlValue>(Object.entries(entries)))
    const config = fc
      .tuple(table, fc.option(fc.oneof(table, scalar)))
      .map(([top, p]): TomlTable => (p === null ? top : new Map<string, TomlValue>([...top, ['p', p]])))
    fc.assert(
      fc.property(fc.array(config, { minLength: 1, maxLength: 3 }), (tables) => {
        const effective = mergeLayers(tables, RULES)
        for (const [key, { name }] of originsOf(tables)) {
          const path = parseKeyPath(key, 'quoted')
          const at = ORDER.indexOf(name)
          // An array that meets no other keeps what it repeats.
          const once = (value: TomlValue | undefined) => (isArray(value) ? joinArrays(value, []) : value)
          const upTo = (count: number) => once(valueAt(mergeLayers(tables.slice(0, count), RULES), path))
          const applies = once(valueAt(effective, path))
          if (!isArray(applies) || applies.length === 0) continue
          expect(upTo(at + 1)).toEqual(applies)
          expect(upTo(at)).not.toEqual(applies)
        }
      }),
    )
  })

  it('are explained by all who have a part in them', () => {
    const user = layer(USER, 'a = [1]')
    const managed = layer(MANAGED, 'a = [2]')
    const { winner, hides, why } = stackOf(user, managed).explain('a')
    expect({ winner, hides }).toEqual({ winner: null, hides: [] })
    expect(why).toMatch(/^set in parts by /)
  })

  it('do not hide what is below another kind of value', () => {
    const { winner, hides } = stackOf(
      layer(USER, 'a = [1]'),
      layer(PROJECT, 'a = 2'),
      layer(MANAGED, 'a = [3]'),
    ).explain('a')
    expect({ winner: winner?.name, hidden: hides.map(({ origin }) => origin.name) }).toEqual({
      winner: MANAGED,
      hidden: [PROJECT, USER],
    })
  })

  it('are no finding of the linter, unless they are taken whole', () => {
    const text = 'permissions.allow = ["Read"]\nfallbackModel = ["x"]'
    const managed = 'permissions.allow = ["Edit"]\nfallbackModel = ["y"]'
    const findings = stackOf(layer(USER, text), layer(MANAGED, managed)).lint()
    expect(findings.filter(({ rule }) => rule === 'shadowed').map(({ key }) => key)).toEqual([
      'fallbackModel',
    ])
  })
})
