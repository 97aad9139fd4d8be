import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { readJson } from '#layers/json/read.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { planWrite, type ConfigEdit, type WritePlan } from '#layers/write/write.ts'
import { aStack, type SourceTexts } from '#test/layers/stacks.ts'

const OLDER = codexProfile('0.128.0')
const AT = 'features.multi_agent_v2'
const TABLE = '[features.multi_agent_v2]\n'
/** A setting of the table that both releases have. */
const KEY = 'max_concurrent_threads_per_session'

/** As codex 0.169.0 has it, like everything here that does not name the older release. */
describe('a switch that is a boolean in one layer and a table in another', () => {
  it.each<[string, string, string]>([
    [`${AT} = true`, `${TABLE}a = 3`, '{"a":3,"enabled":true}'],
    [`${AT} = true`, `${TABLE}enabled = false`, '{"enabled":false}'],
    [`${AT} = true`, TABLE, '{"enabled":true}'],
    [`${TABLE}enabled = true\na = 9`, `${AT} = false`, '{"a":9,"enabled":false}'],
    [`${TABLE}a = 9`, `${AT} = false`, '{"a":9,"enabled":false}'],
    [`${AT} = true`, `${AT} = false`, 'false'],
    [`${AT} = 5`, `${TABLE}a = 3`, '{"a":3}'],
    [`${TABLE}a = 3`, `${AT} = "x"`, '"x"'],
  ])('is both of %j and %j above it: %s', (user, managed, expected) => {
    const effective = canonicalJson(aStack({ user, managed }).effectiveConfig())
    expect(effective).toBe(`{"features":{"multi_agent_v2":${expected}}}`)
  })

  it.each(['code_mode', 'sleep_tool', 'runtime_agent_instances', 'network_proxy'])(
    'may be %s, in a profile too',
    (name) => {
      for (const at of [['features'], ['profiles', 'p', 'features']]) {
        const user = `${at.join('.')}.${name} = true`
        const stack = aStack({ user, managed: `[${at.join('.')}.${name}]\na = 1` })
        expect(stack.explain([...at, name, 'enabled']).value).toBe(true)
      }
    },
  )

  it('is replaced where it is no switch, and in the older release', () => {
    const other = { user: 'features.token_budget = true', managed: '[features.token_budget]' }
    expect(canonicalJson(aStack(other).effectiveConfig())).toBe('{"features":{"token_budget":{}}}')
    const older = aStack({ user: `${AT} = true`, managed: TABLE }, OLDER)
    expect(canonicalJson(older.effectiveConfig())).toBe('{"features":{"multi_agent_v2":{}}}')
  })
})

describe('the origins of a switch', () => {
  it.each<[string, SourceTexts, Record<string, string>]>([
    ['are under its key', { user: `${AT} = true` }, { [`${AT}.enabled`]: 'user' }],
    [
      'are those of both layers',
      { user: `${AT} = true`, managed: `${TABLE}a = 3` },
      { [`${AT}.enabled`]: 'user', [`${AT}.a`]: 'legacyManagedConfigTomlFromFile' },
    ],
    [
      'keep what was no boolean under its path',
      { system: `${TABLE}a = 3`, user: `${AT} = 5`, managed: `${AT} = true` },
      { [`${AT}.a`]: 'system', [AT]: 'user', [`${AT}.enabled`]: 'legacyManagedConfigTomlFromFile' },
    ],
    [
      'are under its path as well for the proxy',
      { user: 'profiles."a.b".features.network_proxy = true' },
      {
        'profiles.a.b.features.network_proxy.enabled': 'user',
        'profiles.a.b.features.network_proxy': 'user',
      },
    ],
  ])('%s, as the reference has them', (_what, sources, expected) => {
    expect(typesOf(aStack(sources).origins())).toEqual(expected)
  })

  it('name who says so under the key that applies', () => {
    const live = (sources: SourceTexts) => typesOf(aStack(sources).liveOrigins())
    expect(live({ user: `${AT} = true`, managed: `${TABLE}a = 3` })).toEqual({
      [`${AT}.enabled`]: 'user',
      [`${AT}.a`]: 'legacyManagedConfigTomlFromFile',
    })
    expect(live({ user: `${AT} = true`, managed: `${AT} = false` })).toEqual({
      [AT]: 'legacyManagedConfigTomlFromFile',
    })
  })

  it('are explained in both spellings', () => {
    const stack = aStack({ user: `${TABLE}enabled = true\na = 1`, managed: `${AT} = false` })
    const { value, hides, why } = stack.explain(`${AT}.enabled`)
    expect([value, hides.map((each) => each.value)]).toEqual([false, [true]])
    expect(why).toContain('wins over')
  })

  it('are no shadow where the table above does not have the key', () => {
    const stack = aStack({ user: `${AT} = true`, managed: `${TABLE}enabled = true` })
    expect(stack.lint().filter(({ rule }) => rule === 'shadowed')).toEqual([])
    const hidden = aStack({ user: `${AT} = true`, managed: `${AT} = false` })
    expect(hidden.lint().map(({ rule, key }) => [rule, key])).toEqual([['shadowed', AT]])
  })
})

describe('an edit of a switch', () => {
  it.each<[string, () => WritePlan, string]>([
    [
      'of a table by a boolean sets its key',
      on(`${TABLE}enabled=true\n${KEY}=9 # kept\n`, edit(AT, 'false')),
      `${TABLE}enabled=false\n${KEY}=9 # kept\n`,
    ],
    [
      'of a table without the key adds it',
      on(`${TABLE}${KEY}=9\n`, edit(AT, 'false', 'upsert')),
      `${TABLE}${KEY}=9\nenabled = false\n`,
    ],
    [
      'of a boolean by a table keeps it',
      on(`${AT}=true\n`, edit(AT, `{"${KEY}":3}`)),
      `${TABLE}enabled = true\n${KEY} = 3\n`,
    ],
    [
      'of a boolean by an empty table',
      on(`${AT}=true\n`, edit(AT, '{}', 'upsert')),
      `${TABLE}enabled = true\n`,
    ],
    [
      'below a boolean keeps it',
      on(`${AT}=true\n`, edit(`${AT}.${KEY}`, '3')),
      `${TABLE}enabled = true\n${KEY} = 3\n`,
    ],
    [
      'of the key below a boolean',
      on(`${AT}=true\n`, edit(`${AT}.enabled`, 'false')),
      `${TABLE}enabled = false\n`,
    ],
    [
      'of a table by a table replaces it',
      on(`${TABLE}${KEY} = 1\n`, edit(AT, '{"min_wait_timeout_ms":1}')),
      `${TABLE}min_wait_timeout_ms = 1\n`,
    ],
    [
      'of the table around it',
      on(`${TABLE}${KEY} = 1\n`, edit('features', '{"multi_agent_v2":false}')),
      '[features]\nmulti_agent_v2= false\n',
    ],
    [
      'that deletes the key below a boolean',
      on(`${AT}=true\n`, edit(`${AT}.enabled`, 'null')),
      `${AT}=true\n`,
    ],
  ])('%s', (_what, plan, expected) => {
    expect(plan().text).toBe(expected)
  })

  it.each<[string, () => WritePlan, string]>([
    ['takes effect beside a table', under(`${TABLE}${KEY} = 3`, edit(AT, 'true')), 'ok'],
    ['is overridden in the table', under(`${TABLE}enabled = false`, edit(AT, 'true')), 'false'],
    ['is overridden by a boolean', under(`${AT} = false`, edit(`${AT}.enabled`, 'true')), 'false'],
    [
      'of a table is overridden by a boolean',
      under(`${AT} = false`, edit(AT, '{"enabled":true}')),
      '{"enabled":false}',
    ],
    ['takes effect beside a boolean', under(`${AT} = false`, edit(`${AT}.${KEY}`, '5')), 'ok'],
    ['deletes what a boolean still says', under(`${AT} = false`, edit(`${AT}.enabled`, 'null')), 'false'],
  ])('%s', (_what, plan, expected) => {
    const { overriddenMetadata } = plan().result
    const value = overriddenMetadata?.effectiveValue
    expect(value === undefined || value === null ? 'ok' : canonicalJson(value)).toBe(expected)
  })

  it('is an ordinary edit in the older release', () => {
    expect(write({ user: `${TABLE}${KEY} = 1\n` }, edit(AT, 'true'), OLDER).text).toBe(
      '[features]\nmulti_agent_v2= true\n',
    )
  })
})

function edit(
  keyPath: string,
  value: string,
  mergeStrategy: ConfigEdit['mergeStrategy'] = 'replace',
): ConfigEdit {
  return { keyPath, value: readJson(value), mergeStrategy }
}

function write(sources: SourceTexts, change: ConfigEdit, profile = codexProfile()) {
  return planWrite({ stack: aStack(sources, profile), text: sources.user ?? '', edits: [change] })
}

function on(user: string, change: ConfigEdit): () => WritePlan {
  return () => write({ user }, change)
}

function under(managed: string, change: ConfigEdit): () => WritePlan {
  return () => write({ managed }, change)
}

function typesOf(origins: ReadonlyMap<string, { readonly name: { readonly type: string } }>) {
  return Object.fromEntries([...origins].map(([key, { name }]) => [key, name.type]))
}
