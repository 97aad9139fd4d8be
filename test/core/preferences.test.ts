import { isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readRuntimePreference, withoutProxyUse, withRuntimePreference } from '#core/preferences.ts'

type Preferences = Readonly<Record<string, unknown>>

const OFF = { useUserConfig: false, useProxy: false }

const anyKey = fc.oneof(fc.string(), fc.constantFrom('codex', 'claude', '__proto__', 'constructor'))
const anyEntry = fc.oneof(
  fc.dictionary(fc.oneof(anyKey, fc.constantFrom('use_user_config', 'use_proxy')), fc.jsonValue(), {
    noNullPrototype: true,
  }),
  fc.jsonValue(),
)
const anyPreferences: fc.Arbitrary<Preferences> = fc.oneof(
  fc.record(
    { runtime_configs: fc.dictionary(anyKey, anyEntry, { noNullPrototype: true }), other: fc.jsonValue() },
    { noNullPrototype: true },
  ),
  fc.dictionary(fc.oneof(anyKey, fc.constant('runtime_configs')), fc.jsonValue(), { noNullPrototype: true }),
)

function stored(json: string): Preferences {
  return JSON.parse(json)
}

describe("a runtime's preference", () => {
  it('is what the booleans say', () => {
    const preferences = { runtime_configs: { codex: { use_user_config: true, use_proxy: true } } }
    expect(readRuntimePreference(preferences, 'codex')).toEqual({ useUserConfig: true, useProxy: true })
    expect(readRuntimePreference(preferences, 'claude')).toEqual(OFF)
  })

  it.each(['"true"', '"false"', '1', '{}', '[true]', 'null'])('is off when the value is %s', (value) => {
    const preferences = stored(
      `{"runtime_configs":{"codex":{"use_user_config":${value},"use_proxy":${value}}}}`,
    )
    expect(readRuntimePreference(preferences, 'codex')).toEqual(OFF)
  })

  it.each([
    '{}',
    '{"runtime_configs":null}',
    '{"runtime_configs":"x"}',
    '{"runtime_configs":[{"use_proxy":true}]}',
    '{"runtime_configs":{"codex":null}}',
    '{"runtime_configs":{"codex":[]}}',
    '{"runtime_configs":{"codex":true}}',
  ])('is off when what is stored is %s', (json) => {
    expect(readRuntimePreference(stored(json), 'codex')).toEqual(OFF)
  })

  it('is off for a runtime whose name every object knows', () => {
    expect(['__proto__', 'constructor', 'toString'].map((name) => readRuntimePreference({}, name))).toEqual([
      OFF,
      OFF,
      OFF,
    ])
  })
})

describe('setting a preference', () => {
  it('adds nothing that was not asked for', () => {
    expect(withRuntimePreference({ send_key: 'cmd_enter' }, 'codex', { useUserConfig: true })).toEqual({
      send_key: 'cmd_enter',
      runtime_configs: { codex: { use_user_config: true } },
    })
  })

  it('sets both switches when both are given', () => {
    expect(withRuntimePreference({}, 'codex', { useUserConfig: true, useProxy: true })).toEqual({
      runtime_configs: { codex: { use_user_config: true, use_proxy: true } },
    })
  })

  it('keeps the other switch, unknown keys and other runtimes', () => {
    const preferences = {
      runtime_configs: { codex: { use_proxy: true, extra: 5 }, claude: { use_proxy: 'odd' } },
    }
    expect(withRuntimePreference(preferences, 'codex', { useUserConfig: false })).toEqual({
      runtime_configs: {
        codex: { use_proxy: true, extra: 5, use_user_config: false },
        claude: { use_proxy: 'odd' },
      },
    })
  })

  it.each(['null', '"x"', '[1]', '5'])('replaces entries that are %s', (malformed) => {
    const expected = { runtime_configs: { codex: { use_user_config: true } } }
    const change = { useUserConfig: true }
    const entries = stored(`{"runtime_configs":${malformed}}`)
    const entry = stored(`{"runtime_configs":{"codex":${malformed}}}`)
    expect(withRuntimePreference(entries, 'codex', change)).toEqual(expected)
    expect(withRuntimePreference(entry, 'codex', change)).toEqual(expected)
  })

  it('is harmless for a runtime called __proto__', () => {
    const changed = withRuntimePreference({}, '__proto__', { useUserConfig: true })
    expect(JSON.stringify(changed)).toBe('{"runtime_configs":{"__proto__":{"use_user_config":true}}}')
    expect(Object.hasOwn({}, 'use_user_config')).toBe(false)
    expect(readRuntimePreference(changed, '__proto__')).toEqual({ useUserConfig: true, useProxy: false })
    expect(readRuntimePreference(changed, 'codex')).toEqual(OFF)
  })

  it('is read back, keeps everything else and leaves the given object alone', () => {
    fc.assert(
      fc.property(
        anyPreferences,
        anyKey,
        fc.tuple(fc.boolean(), fc.option(fc.boolean())),
        (before, runtime, [on, proxy]) => {
          const copy = structuredClone(before)
          const after = withRuntimePreference(before, runtime, {
            useUserConfig: on,
            ...(proxy !== null && { useProxy: proxy }),
          })
          expect(isDeepStrictEqual(before, copy)).toBe(true)
          expect(readRuntimePreference(after, runtime)).toEqual({
            useUserConfig: on,
            useProxy: proxy ?? readRuntimePreference(before, runtime).useProxy,
          })
          expect(isDeepStrictEqual(without(after, runtime), without(before, runtime))).toBe(true)
        },
      ),
    )
  })
})

describe('clearing the proxy', () => {
  it('switches it off for every runtime that has the key, and nothing else', () => {
    const preferences = {
      send_key: 'cmd_enter',
      runtime_configs: {
        codex: { use_user_config: true, use_proxy: true, extra: [1] },
        claude: { use_user_config: true },
        gemini: { use_proxy: 'odd' },
        broken: 5,
      },
    }
    expect(withoutProxyUse(preferences)).toEqual({
      send_key: 'cmd_enter',
      runtime_configs: {
        codex: { use_user_config: true, use_proxy: false, extra: [1] },
        claude: { use_user_config: true },
        gemini: { use_proxy: false },
        broken: 5,
      },
    })
  })

  it.each(['{}', '{"runtime_configs":5}', '{"runtime_configs":{"codex":{"use_proxy":false}}}'])(
    'hands back what it got when nothing changes: %s',
    (json) => {
      const preferences = stored(json)
      expect(withoutProxyUse(preferences)).toBe(preferences)
    },
  )

  it('leaves no runtime with a proxy, every runtime with its login switch, and is done after once', () => {
    fc.assert(
      fc.property(anyPreferences, anyKey, (before, runtime) => {
        const after = withoutProxyUse(before)
        expect(readRuntimePreference(after, runtime)).toEqual({
          useUserConfig: readRuntimePreference(before, runtime).useUserConfig,
          useProxy: false,
        })
        expect(withoutProxyUse(after)).toBe(after)
      }),
    )
  })
})

/** The preferences but for the runtime's entry: nothing in there may have changed. */
function without(preferences: Preferences, runtime: string): unknown {
  const { runtime_configs: configs, ...others } = preferences
  const entries = typeof configs === 'object' && configs !== null && !Array.isArray(configs) ? configs : {}
  return [others, Object.entries(entries).filter(([name]) => name !== runtime)]
}
