import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createLayer, type ConfigLayer } from '#layers/layer.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { leavesOf } from '#layers/stack/explain.ts'
import { layerTitle } from '#layers/stack/layer-title.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { valueAt, type TomlTable } from '#layers/value.ts'
import { anyStack } from '#test/layers/any-config.ts'
import { refusalOf } from '#test/layers/refusals.ts'
import { aStack, MANAGED_FILE, SYSTEM_FILE, USER_FILE, type SourceTexts } from '#test/layers/stacks.ts'

/** What a person sees of an explanation. */
function told(sources: SourceTexts, key: string | readonly string[]) {
  const { value, winner, hides, why } = aStack(sources).explain(key)
  return {
    value,
    winner: winner?.name.type ?? null,
    hides: hides.map((each) => [each.origin.name.type, each.value]),
    why,
  }
}

describe('explaining a key', () => {
  it('names the one layer that sets it', () => {
    expect(told({ user: 'model = "a"' }, 'model')).toEqual({
      value: 'a',
      winner: 'user',
      hides: [],
      why: `set by user config ${USER_FILE}`,
    })
  })

  it('names what the winner hides, the next lower first', () => {
    expect(told({ system: 'a = 1', user: 'a = 2', session: ['a=3'], managed: 'a = 4' }, 'a')).toEqual({
      value: 4n,
      winner: 'legacyManagedConfigTomlFromFile',
      hides: [
        ['sessionFlags', 3n],
        ['user', 2n],
        ['system', 1n],
      ],
      why: `set by managed config ${MANAGED_FILE}, which wins over session flags, user config ${USER_FILE} and system config ${SYSTEM_FILE}`,
    })
  })

  it('says of a key below a value of a higher layer that it does not apply', () => {
    expect(told({ user: '[x.t]\nq = 2', managed: 'x.t = 1' }, 'x.t.q')).toEqual({
      value: null,
      winner: null,
      hides: [['user', 2n]],
      why: `does not apply: managed config ${MANAGED_FILE} sets x.t to an integer, which replaces everything below it`,
    })
  })

  it('says so as well when the value on the way is itself replaced', () => {
    expect(told({ system: '[x]\nq = 1', user: 'x = []', managed: '[x]\nr = 2' }, 'x.q')).toEqual({
      value: null,
      winner: null,
      hides: [['system', 1n]],
      why: `does not apply: user config ${USER_FILE} sets x to an array, which replaces everything below it`,
    })
  })

  it('shows the table that a value replaced', () => {
    expect(told({ user: 'x.a.q = 1', managed: 'x.a = 9' }, 'x.a')).toEqual({
      value: 9n,
      winner: 'legacyManagedConfigTomlFromFile',
      hides: [['user', readToml('q = 1')]],
      why: `set by managed config ${MANAGED_FILE}, which wins over user config ${USER_FILE}`,
    })
  })

  it('says that nobody sets it', () => {
    expect(told({ user: 'a = 1' }, 'b.c')).toEqual({
      value: null,
      winner: null,
      hides: [],
      why: 'no layer sets it',
    })
  })

  it('names all who set a part of a table, and what was no table', () => {
    expect(told({ system: 'x = 5', user: 'x.a = 1', managed: 'x.b = 2' }, 'x')).toEqual({
      value: readToml('a = 1\nb = 2'),
      winner: null,
      hides: [['system', 5n]],
      why: `set in parts by managed config ${MANAGED_FILE} and user config ${USER_FILE}, which wins over system config ${SYSTEM_FILE}`,
    })
  })

  it('names who sets a whole table', () => {
    expect(told({ user: 'x = { a = 1, b = [] }' }, 'x')).toMatchObject({ winner: 'user', hides: [] })
  })

  it('finds a legacy spelling under its newer name', () => {
    const sources = {
      user: 'memories.no_memories_if_mcp_or_web_search = true',
      managed: 'memories.disable_on_external_context = false',
    }

    expect(told(sources, 'memories.disable_on_external_context')).toMatchObject({
      value: false,
      hides: [['user', true]],
    })
  })

  it('says of a spelling that another layer ended that it does not apply', () => {
    const sources = {
      user: 'shell_environment_policy.exclude = ["A"]',
      managed: 'shell_environment_policy.filters = { B = "exclude" }',
    }

    expect(told(sources, 'shell_environment_policy.exclude')).toMatchObject({
      value: null,
      hides: [['user', ['A']]],
      why: `does not apply in this form, in which user config ${USER_FILE} sets it`,
    })
  })

  it('names one of two layers that say the same', () => {
    const entry = { source: 'session', config: readToml('model_provider = "p"') } as const
    const stack = aStack().withThreadEntries([entry, entry])

    expect(stack.explain('model_provider')).toMatchObject({
      winner: { name: { type: 'sessionFlags' } },
      why: 'set by session flags, which wins over session flags',
    })
  })

  it('finds an item of an array by its index and who set the array', () => {
    const sources = { user: 'l = [{ a = 1 }, { a = 2 }]', managed: 'l = [{ a = 3 }]' }

    expect(told(sources, 'l.0.a')).toEqual({
      value: 3n,
      winner: 'legacyManagedConfigTomlFromFile',
      hides: [['user', 1n]],
      why: `set by managed config ${MANAGED_FILE}, which wins over user config ${USER_FILE}`,
    })
    expect(told(sources, 'l.1.a')).toEqual({
      value: null,
      winner: null,
      hides: [['user', 2n]],
      why: `does not apply: managed config ${MANAGED_FILE} sets l to an array, which replaces everything below it`,
    })
  })

  it('tells what a disabled layer says and why it does not count', () => {
    const disabled = createLayer(
      { type: 'project', dotCodexFolder: '/p/.codex' },
      readToml('a = 2'),
      'not trusted',
    )
    const stack = ConfigLayerStack.of({
      layers: [createLayer({ type: 'user', file: USER_FILE }, readToml('a = 1')), disabled],
      profile: codexProfile(),
    })

    expect(stack.explain('a')).toMatchObject({
      value: 1n,
      hides: [],
      disabled: [
        { origin: { name: disabled.name, version: disabled.version }, value: 2n, reason: 'not trusted' },
      ],
    })
  })

  it('keeps a quoted key apart from a path', () => {
    const sources = { user: 'x."a.b" = 1', managed: 'x.a.b = 2' }

    expect(told(sources, 'x."a.b"')).toMatchObject({ value: 1n, winner: 'user' })
    expect(told(sources, 'x.a.b')).toMatchObject({ value: 2n, winner: 'legacyManagedConfigTomlFromFile' })
  })

  it('understands the keys that it writes, an empty one too', () => {
    const stack = aStack({ user: '"" = 1\nx."" = 2' })

    expect(stack.explainAll().map(({ key }) => [key, stack.explain(key).value])).toEqual([
      ['""', 1n],
      ['x.""', 2n],
    ])
  })

  it('refuses a text that is no path', () => {
    expect(refusalOf(() => aStack().explain('"a'))).toMatchObject({ code: 'configValidationError' })
  })
})

describe('explaining everything', () => {
  it('lists every leaf in the order of the effective config', () => {
    const sources = { user: 'b = [1, { c = 2 }]\n[t]\ne = {}\nz = 1', system: 'a = 1' }

    expect(
      aStack(sources)
        .explainAll()
        .map(({ key }) => key),
    ).toEqual(['a', 'b', 't.e', 't.z'])
  })

  it.each([
    ['a table', 't', ['t.e', 't.z']],
    ['a value', 't.z', ['t.z']],
    ['nothing', 'q', []],
  ])('lists the leaves at and below %s', (_what, below, keys) => {
    const stack = aStack({ user: 'b = 1\n[t]\ne = {}\nz = 1' })

    expect(stack.explainAll(below).map(({ key }) => key)).toEqual(keys)
  })

  it('agrees with the effective config and names a layer that really supplies the value', () => {
    fc.assert(
      fc.property(anyStack(), (stack) => {
        const rows = stack.explainAll()
        const leaves = leavesOf(stack.effectiveConfig(), [])

        expect(rows.map(({ path, value }) => ({ path, value }))).toEqual(
          leaves.map(({ path, value }) => ({ path, value })),
        )
        for (const { path, value, winner, hides } of rows) {
          const layer = stack
            .layersHighToLow()
            .find((each) => winner !== null && isOf(each, winner.name.type))
          expect(configAt(layer, path)).toEqual(value)
          expect(hides.map(({ origin }) => layerTitle(origin.name))).not.toContain(
            winner === null ? '' : layerTitle(winner.name),
          )
        }
      }),
    )
  })
})

function isOf(layer: ConfigLayer, type: string): boolean {
  return layer.name.type === type
}

function configAt(layer: ConfigLayer | undefined, path: readonly string[]) {
  const config: TomlTable = layer?.config ?? new Map()
  return valueAt(config, path)
}
