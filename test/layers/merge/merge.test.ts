import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { mergeLayers, mergeTomlValues } from '#layers/merge/merge.ts'
import { rulesFor } from '#layers/precedence.ts'
import { readToml } from '#layers/toml/read.ts'
import { isTable, type TomlTable, type TomlValue } from '#layers/value.ts'
import { anyTable, anyValue } from '#test/layers/any-config.ts'

const OLD = rulesFor('codex', '0.128.0')
const TODAY = rulesFor('codex', '0.169.0')

describe('a merge', () => {
  it.each<[string, string, string]>([
    ['x = 1', 'x = "1"', '{"x":"1"}'],
    ['x = [1, 2]', 'x = [3]', '{"x":[3]}'],
    ['x = [1, 2]', 'x = []', '{"x":[]}'],
    ['x = { a = 1 }', 'x = {}', '{"x":{"a":1}}'],
    ['x = 1', 'x = {}', '{"x":{}}'],
    ['x = {}', 'x = 1', '{"x":1}'],
    ['x.A = 1', 'x.a = 2', '{"x":{"A":1,"a":2}}'],
    ['__proto__.a = 1', '__proto__.b = 2', '{"__proto__":{"a":1,"b":2}}'],
  ])('of %j and %j above it gives %s', (base, overlay, expected) => {
    expect(canonicalJson(mergeTomlValues(readToml(base), readToml(overlay)))).toBe(expected)
  })

  it('shares what a layer above does not touch, and changes nothing that it was given', () => {
    const base = readToml('[x.kept]\na = 1\n[x.changed]\nb = 1')
    const merged = mergeTomlValues(base, readToml('x.changed.b = 2'))
    expect(at(merged, 'x', 'kept')).toBe(at(base, 'x', 'kept'))
    expect(canonicalJson(base)).toBe('{"x":{"changed":{"b":1},"kept":{"a":1}}}')
  })

  it('of many layers leaves every one of them as it was', () => {
    fc.assert(
      fc.property(fc.array(anyTable()), (layers) => {
        const before = layers.map(canonicalJson)
        mergeLayers(layers, TODAY)
        expect(layers.map(canonicalJson)).toEqual(before)
      }),
    )
  })

  it('of layers is that of the upper ones, one after the other, over the lower ones', () => {
    fc.assert(
      fc.property(fc.array(anyTable()), fc.array(anyTable()), (lower, upper) => {
        const stepwise = upper.reduce<TomlValue>(
          (below, layer) => mergeTomlValues(below, layer),
          mergeLayers(lower, TODAY),
        )
        expect(mergeLayers([...lower, ...upper], TODAY)).toEqual(stepwise)
      }),
    )
  })

  it('is associative, except where a value in between ends a table', () => {
    fc.assert(
      fc.property(anyTable(), anyTable(), anyTable(), (low, middle, high) => {
        fc.pre(!endsTable(low, middle))
        const first = mergeTomlValues(mergeTomlValues(low, middle), high)
        const last = mergeTomlValues(low, mergeTomlValues(middle, high))
        expect(last).toEqual(first)
      }),
    )
  })

  it('with itself, or with nothing, is the value', () => {
    fc.assert(
      fc.property(anyValue(), anyTable(), (value, table) => {
        expect(mergeTomlValues(value, value)).toEqual(value)
        expect(mergeTomlValues(table, new Map())).toEqual(table)
        expect(mergeTomlValues(new Map(), table)).toEqual(table)
        expect(mergeLayers([table], TODAY)).toEqual(table)
      }),
    )
  })

  it('of no layers is empty', () => {
    expect(mergeLayers([], TODAY)).toEqual(new Map())
  })
})

describe('an alias', () => {
  const legacy = '[memories]\nno_memories_if_mcp_or_web_search = true\n'
  const canonical = '[memories]\ndisable_on_external_context = false\n'

  it.each([
    ['alone', [legacy], '{"memories":{"disable_on_external_context":true}}'],
    [
      'below its canonical spelling',
      [legacy, canonical],
      '{"memories":{"disable_on_external_context":false}}',
    ],
    [
      'above its canonical spelling',
      [canonical, legacy],
      '{"memories":{"disable_on_external_context":true}}',
    ],
    [
      'beside its canonical spelling',
      [`${legacy}disable_on_external_context = false\n`],
      '{"memories":{"disable_on_external_context":false}}',
    ],
    [
      'somewhere else',
      [legacy.replace('memories', 'z.memories')],
      '{"z":{"memories":{"no_memories_if_mcp_or_web_search":true}}}',
    ],
    [
      'in an array at its path',
      ['memories = [[{ no_memories_if_mcp_or_web_search = 1, a = 2 }]]'],
      '{"memories":[[{"a":2,"disable_on_external_context":1}]]}',
    ],
  ])('%s counts as one key with its canonical spelling', (_where, texts, expected) => {
    for (const rules of [OLD, TODAY]) expect(merged(texts, rules)).toBe(expected)
  })

  it('of the newer release alone is none in the older one', () => {
    const texts = ['agents.max_threads = 1', 'agents.max_concurrent_threads_per_session = 2']
    expect(merged(texts, OLD)).toBe('{"agents":{"max_concurrent_threads_per_session":2,"max_threads":1}}')
    expect(merged(texts, TODAY)).toBe('{"agents":{"max_concurrent_threads_per_session":2}}')
  })

  it('in a table that the layer above does not reach is left as it is, for an edit of another table', () => {
    const result = mergeTomlValues(readToml(legacy), readToml('agents.max_threads = 1'), TODAY)
    expect(canonicalJson(result)).toBe(
      '{"agents":{"max_concurrent_threads_per_session":1},"memories":{"no_memories_if_mcp_or_web_search":true}}',
    )
  })
})

// As codex 0.169.0 has it.
describe('the name of a host that two layers allow or deny', () => {
  it.each([
    ['Example.COM.:443', 'example.com'],
    ['[::1]:80', '::1'],
    ['[FE80::1%25Lo0]', 'fe80::1%lo0'],
    ['fe80::1%lo0', 'fe80::1%lo0'],
    [' a.COM ', 'a.com'],
    ['FE80::1', 'fe80::1'],
    ['a..', 'a'],
    ['*.B.com.', '*.b.com'],
    ['É.COM', 'É.com'],
    ['[x', '[x'],
    ['a:b:c', 'a:b:c'],
    ['1.2.3.4%25x', '1.2.3.4%x'],
    ['a%25b', 'a%25b'],
    ['A:B', 'a'],
  ])('%j is compared as %j', (name, expected) => {
    const lower: TomlTable = domains([[name, 'deny']])
    const upper: TomlTable = domains([['zz', 'allow']])
    expect(mergeLayers([lower, upper], TODAY)).toEqual(
      domains([
        [expected, 'deny'],
        ['zz', 'allow'],
      ]),
    )
    expect(mergeLayers([lower], TODAY)).toEqual(lower)
    expect(mergeLayers([lower, upper], OLD)).toEqual(
      domains([
        [name, 'deny'],
        ['zz', 'allow'],
      ]),
    )
  })
})

// As codex 0.169.0 has it.
describe('the filters of variables in two layers', () => {
  const policy = '[shell_environment_policy]\n'
  const filters = '[shell_environment_policy.filters]\n'

  it.each([
    [
      `${policy}exclude=["A*"]\ninclude_only=["c"]`,
      `${filters}"a*"="include"`,
      '{"filters":{"a*":"include"}}',
    ],
    [
      `${policy}inherit="all"\nexclude=["A"]`,
      `${filters}b="include"`,
      '{"filters":{"b":"include"},"inherit":"all"}',
    ],
    [`${policy}exclude=["A"]`, `${policy}filters={}`, '{"filters":{}}'],
    [`${filters}A="exclude"\nB="include"`, `${policy}exclude=["B","z"]`, '{"exclude":["B","z"]}'],
    [`${filters}A="exclude"\nB="include"`, `${policy}include_only=["A"]`, '{"include_only":["A"]}'],
    [`${filters}A="exclude"`, `${policy}exclude=[]`, '{"exclude":[]}'],
    [
      `${policy}exclude=["A"]\ninclude_only=["A"]`,
      `${policy}exclude=["b"]`,
      '{"exclude":["b"],"include_only":["A"]}',
    ],
    [`${filters}A="exclude"`, 'shell_environment_policy={}', '{"filters":{"A":"exclude"}}'],
    [`${filters}A="exclude"`, `${policy}filters={}`, '{"filters":{"a":"exclude"}}'],
    [
      `${filters}"É"="exclude"\n"İ"="exclude"\n"ΑΣ"="include"`,
      `${filters}b="include"`,
      '{"filters":{"b":"include","i̇":"exclude","é":"exclude","ας":"include"}}',
    ],
  ])('of %j and %j end as %s', (lower, upper, expected) => {
    expect(merged([lower, upper], TODAY)).toBe(`{"shell_environment_policy":${expected}}`)
  })

  it('are two keys in the older release', () => {
    expect(merged([`${policy}exclude=["A"]`, `${filters}a="include"`], OLD)).toBe(
      '{"shell_environment_policy":{"exclude":["A"],"filters":{"a":"include"}}}',
    )
  })
})

function merged(texts: readonly string[], rules: typeof TODAY): string {
  return canonicalJson(
    mergeLayers(
      texts.map((text) => readToml(text)),
      rules,
    ),
  )
}

function domains(entries: readonly (readonly [string, string])[]): TomlTable {
  const network = new Map([['network', new Map([['domains', new Map(entries)]])]])
  return new Map([['permissions', new Map([['p', network]])]])
}

function at(value: TomlValue, ...path: readonly string[]): TomlValue | undefined {
  return path.reduce<TomlValue | undefined>(
    (table, key) => (isTable(table) ? table.get(key) : undefined),
    value,
  )
}

/** Whether the upper table has something else where the lower one has a table. */
function endsTable(low: TomlTable, high: TomlTable): boolean {
  return [...low].some(([key, value]) => {
    const above = high.get(key)
    if (!isTable(value) || above === undefined) return false
    return !isTable(above) || endsTable(value, above)
  })
}
