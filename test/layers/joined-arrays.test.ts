import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { createLayer, type ConfigLayer, type LayerName } from '#layers/layer.ts'
import { mergeLayers } from '#layers/merge.ts'
import { rulesFor } from '#layers/precedence.ts'
import { claudeProfile } from '#layers/runtimes/claude.ts'
import { ConfigLayerStack } from '#layers/stack.ts'
import { readToml } from '#layers/toml/read.ts'

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
