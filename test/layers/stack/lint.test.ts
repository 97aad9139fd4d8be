import { describe, expect, it } from 'vitest'

import { composeRequirements } from '#layers/requirements/requirements.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import { aStack, layersOf, MANAGED_FILE, type SourceTexts } from '#test/layers/stacks.ts'

/** Knows `known` and everything below `free`. */
const PROFILE: RuntimeProfile = {
  ...codexProfile(),
  isKnownKey: ([top]) => top === 'known' || top === 'free',
}

function findings(sources: SourceTexts, profile: RuntimeProfile = codexProfile()) {
  return aStack(sources, profile)
    .lint()
    .map(({ rule, key, layer, message }) => [rule, key, layer.type, message])
}

/** Findings of one rule, so that a key may be unknown to the CLI. */
function only(rule: string, sources: SourceTexts) {
  return findings(sources).filter(([each]) => each === rule)
}

const DECIDED = `managed config ${MANAGED_FILE} decides about it`

describe('a value that can never apply', () => {
  it.each<[string, SourceTexts, readonly string[]]>([
    ['an administrator sets another', { user: 'x = 1', managed: 'x = 2' }, ['x']],
    ['an administrator sets a value above it', { user: 'x.t.q = 1', managed: 'x.t = 2' }, ['x.t.q']],
    ['an administrator sets a table in its place', { user: 'x = 1', managed: 'x.t = 2' }, ['x']],
    ['an array gives way to another', { user: 'x = [1, 2]', managed: 'x = [1]' }, ['x']],
  ])('is found when %s', (_why, sources, keys) => {
    expect(only('shadowed', sources)).toEqual(keys.map((key) => ['shadowed', key, 'user', DECIDED]))
  })

  it.each<[string, SourceTexts]>([
    ['it is what the administrator sets', { user: 'x = 1', managed: 'x = 1' }],
    ['only the session sets another', { user: 'x = 1', session: ['x=2'] }],
    ['it is an empty table', { user: 'x = {}', managed: 'x.a = 1' }],
    ['it is a default of the system', { system: 'x = 1', managed: 'x = 2' }],
  ])('is not found when %s', (_why, sources) => {
    expect(only('shadowed', sources)).toEqual([])
  })

  it('is found in the flags of the session too', () => {
    expect(only('shadowed', { session: ['x=1'], managed: 'x = 2' })).toEqual([
      ['shadowed', 'x', 'sessionFlags', DECIDED],
    ])
  })
})

describe('a secret in plain text', () => {
  it.each([
    ['by the name of its key', 'x.api_key = "abc"', 'x.api_key'],
    ['by how it looks', 'x.url = "https://me:pass@example.com"', 'x.url'],
    ['inside a list', 'x.args = ["https://me:pass@example.com"]', 'x.args'],
    ['inside a table of a list', 'x = [{ password = "p" }]', 'x'],
  ])('is found %s and never shown', (_how, user, key) => {
    expect(only('secret', { user })).toEqual([
      [
        'secret',
        key,
        'user',
        'a secret in plain text: name an environment variable instead, or a command that prints it',
      ],
    ])
  })

  it.each(['x.api_key = ""', 'x.api_key = "${KEY}"', 'x.api_key = "$KEY"', 'x.api_key = 1'])(
    'is not found in %s',
    (user) => {
      expect(only('secret', { user })).toEqual([])
    },
  )
})

describe('keys', () => {
  it('that the CLI does not have are named once, by the shortest unknown path', () => {
    expect(findings({ user: '[what.a]\nb = 1\nc = 2\n[free.x]\ny = 1' }, PROFILE)).toEqual([
      ['unknown-key', 'what', 'user', 'codex 0.169.0 has no such setting'],
    ])
  })

  it('in an older spelling are named with the newer one', () => {
    const legacy = 'memories.no_memories_if_mcp_or_web_search'

    expect(only('legacy-spelling', { user: `${legacy} = true` })).toEqual([
      ['legacy-spelling', legacy, 'user', 'is now called disable_on_external_context'],
    ])
    expect(
      only('legacy-spelling', { user: `${legacy} = true\nmemories.disable_on_external_context = true` }),
    ).toEqual([
      [
        'legacy-spelling',
        legacy,
        'user',
        'counts for nothing, because its newer name disable_on_external_context is there as well',
      ],
    ])
  })

  it('with a value of the wrong type are found though a higher layer hides them', () => {
    const profile: RuntimeProfile = {
      ...PROFILE,
      findTypeFault: (config) =>
        config.get('known') === 1n ? { path: ['known'], reason: 'expected a string, got an integer' } : null,
    }

    expect(findings({ system: 'known = 1', user: 'known = "a"' }, profile)).toEqual([
      ['wrong-type', 'known', 'system', 'expected a string, got an integer'],
    ])
  })
})

describe('what a requirement does not allow', () => {
  it('is found in the layer that it comes from', () => {
    const profile = codexProfile()
    const source = { type: 'system', file: '/etc/codex/requirements.toml' } as const
    const table = readToml('allowed_sandbox_modes = ["read-only"]')
    const stack = ConfigLayerStack.of({
      layers: layersOf({ user: 'sandbox_mode = "danger-full-access"' }, profile),
      profile,
      requirements: composeRequirements([{ source, table }], profile.rules, null),
    })

    expect(stack.lint()).toEqual([
      {
        rule: 'required',
        key: 'sandbox_mode',
        layer: stack.userLayer()?.name,
        message: 'is danger-full-access, and /etc/codex/requirements.toml allows only read-only',
      },
    ])
  })
})
