import { describe, expect, it } from 'vitest'

import { fingerprint } from '#layers/fingerprint.ts'
import { readJson } from '#layers/json/read.ts'
import { composeRequirements } from '#layers/requirements/requirements.ts'
import { claudeProfile } from '#layers/runtimes/claude.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { plainProfile } from '#layers/runtimes/plain.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { stackOfTexts } from '#layers/stack-of-texts.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'
import type { TomlTable } from '#layers/value.ts'
import { applyEdits, planWrite, type ConfigEdit } from '#layers/write/write.ts'
import { refusalOf } from '#test/layers/refusals.ts'
import { aStack, layersOf, MANAGED_FILE, USER_FILE, type SourceTexts } from '#test/layers/stacks.ts'

/** @param value as JSON text, so that `1` and `1.0` are two things */
function set(
  keyPath: string,
  value: string,
  mergeStrategy: ConfigEdit['mergeStrategy'] = 'replace',
): ConfigEdit {
  return { keyPath, value: readJson(value), mergeStrategy }
}

function unset(keyPath: string): ConfigEdit {
  return { keyPath, value: null, mergeStrategy: 'replace' }
}

function write(sources: SourceTexts, edits: readonly ConfigEdit[], profile = codexProfile()) {
  return planWrite({ stack: aStack(sources, profile), text: sources.user ?? '', edits })
}

/** A codex that refuses whole numbers as a model, and makes decimals of whole numbers for `seconds`. */
const TYPED: RuntimeProfile = {
  ...codexProfile(),
  findTypeFault: (config) =>
    typeof config.get('model') === 'bigint'
      ? { path: ['model'], reason: 'expected a string, got an integer' }
      : null,
  normalise: (config) => {
    const seconds = config.get('seconds')
    return typeof seconds === 'bigint' ? new Map(config).set('seconds', Number(seconds)) : config
  },
}

/** A table as TOML before an edit, to be applied. */
function on(before: string, edit: ConfigEdit): () => TomlTable {
  return () => applyEdits(readToml(before), [edit], codexProfile().rules)
}

describe('applying edits', () => {
  it.each<[string, () => TomlTable, string]>([
    ['makes missing parents', on('', set('a.b.c', '1')), 'a.b.c = 1'],
    ['sets an integer', on('', set('a', '9007199254740993')), 'a = 9007199254740993'],
    ['sets a float', on('', set('a', '1.0')), 'a = 1.0'],
    ['makes a float of an exponent', on('', set('a', '1e3')), 'a = 1000.0'],
    [
      'sets a date',
      on('', set('a', '{"$__toml_private_datetime":"1979-05-27 07:32z"}')),
      'a = 1979-05-27T07:32:00Z',
    ],
    ['replaces a table', on('a = { b = 1 }', set('a', '{"c":2}')), 'a = { c = 2 }'],
    ['merges a table', on('a = { b = 1 }', set('a', '{"c":2}', 'upsert')), 'a = { b = 1, c = 2 }'],
    ['replaces an array in any case', on('a = [1]', set('a', '[2]', 'upsert')), 'a = [2]'],
    ['replaces a scalar further up', on('a = 1', set('a.b.c', '2')), 'a.b.c = 2'],
    ['deletes a key', on('a = { b = 1 }', unset('a.b')), 'a = {}'],
    ['deletes nothing', on('a = 1', unset('b.c')), 'a = 1'],
    ['keeps __proto__ an ordinary key', on('', set('__proto__.x', '1')), '__proto__.x = 1'],
    [
      'finds a filter in any case when it deletes',
      on(
        'shell_environment_policy.filters = { "AWS_*" = "exclude", B = "include" }',
        unset('shell_environment_policy.filters.aws_*'),
      ),
      'shell_environment_policy.filters = { B = "include" }',
    ],
    [
      'finds a filter in any case when it merges',
      on(
        'shell_environment_policy.filters = { "AWS_*" = "exclude" }',
        set('shell_environment_policy.filters.aws_*', '"include"', 'upsert'),
      ),
      'shell_environment_policy.filters = { "AWS_*" = "include" }',
    ],
    [
      'ends the other spelling of a policy for variables when it merges',
      on(
        'shell_environment_policy = { exclude = ["A"], inherit = "all" }',
        set('shell_environment_policy.filters.B', '"include"', 'upsert'),
      ),
      'shell_environment_policy = { inherit = "all", filters = { B = "include" } }',
    ],
    [
      'renames a legacy spelling where it merges',
      on('memories.no_memories_if_mcp_or_web_search = true', set('memories', '{"x":1}', 'upsert')),
      'memories = { disable_on_external_context = true, x = 1 }',
    ],
  ])('%s', (_what, apply, after) => {
    expect(apply()).toEqual(readToml(after))
  })

  it.each<[string, () => TomlTable, string]>([
    ['a value as the direct parent', on('a = 1', set('a.b', '2')), 'cannot set value on non-table parent'],
    ['an array as the direct parent', on('a = [1]', set('a.0', '2')), 'cannot set value on non-table parent'],
    [
      'an array further up, which would be lost',
      on('x.a = [{ b = 1 }]', set('x.a.0.b', '2')),
      'expected a table at x.a, which is an array and would be lost: set the whole array instead',
    ],
    ['a null inside a value', on('', set('a', '{"b":[null]}')), 'a: expected a value, got null at b.0'],
    [
      'an integer that does not fit',
      on('', set('a', '9223372036854775808')),
      'a: expected an integer that 64 bits can hold, got one beyond',
    ],
    ['an empty key path', on('', set(' ', '1')), 'expected a key path, got an empty one'],
    [
      'a key that this release no longer writes',
      on('', set('profiles.x.model', '"m"')),
      'profiles is no longer written by this release: it can only be deleted',
    ],
    [
      'a path longer than can be read',
      on('', set(Array.from({ length: 129 }, () => 'a').join('.'), '1')),
      'expected a key path of at most 128 segments, got 129',
    ],
  ])('refuses %s', (_what, apply, message) => {
    expect(refusalOf(apply)).toEqual({
      code: 'configValidationError',
      message,
    })
  })
})

describe('planning a write', () => {
  it('gives the text, the answer and the version of the next read', () => {
    const version = fingerprint(readToml('a = 2'))

    expect(write({ user: 'a = 1 # one' }, [set('a', '2')])).toEqual({
      text: 'a = 2 # one\n',
      changed: true,
      result: { status: 'ok', version, filePath: USER_FILE, overriddenMetadata: null },
      nextVersion: version,
    })
  })

  it('leaves the text alone when nothing changes', () => {
    const text = '# odd\r\na=1'

    expect(write({ user: text }, [set('a', '1'), unset('b'), unset('c.d')])).toMatchObject({
      text,
      changed: false,
      result: { status: 'ok' },
    })
  })

  it('keeps what its author wrote though the CLI normalises it', () => {
    const user = 'seconds = 10\nx = { a = 1 }\n'
    const { text, result, nextVersion } = write({ user }, [set('y', '1')], TYPED)

    expect(text).toContain('seconds = 10\n')
    expect(result.version).toBe(nextVersion)
    expect(nextVersion).toBe(fingerprint(readToml('seconds = 10.0\nx = { a = 1 }\ny = 1')))
  })

  it.each<[string, string, ConfigEdit]>([
    [
      'a float that it makes of an integer',
      '[mcp_servers.a]\ncommand = "c"\nstartup_timeout_sec = 10\n',
      set('mcp_servers.a.startup_timeout_sec', '10.0'),
    ],
    ['the word of today', 'approval_policy = "on-failure" # c\n', set('approval_policy', '"on-request"')],
    ['an absolute path', 'log_dir = "logs"\n', set('log_dir', '"/sandbox/home/logs"')],
    [
      'all of a table',
      '[mcp_servers.a]\ncommand = "c"\nstartup_timeout_sec = 10\n',
      set('mcp_servers.a', '{"startup_timeout_sec":10.0,"command":"c"}'),
    ],
  ])('writes nothing where the CLI reads the value out of the text already: %s', (_what, user, edit) => {
    const { text, changed, result, nextVersion } = write({ user }, [edit])
    expect({ text, changed, version: result.version }).toEqual({
      text: user,
      changed: false,
      version: nextVersion,
    })
  })

  it('writes what the CLI reads alike where an edit before it in the batch said otherwise', () => {
    const edits = [set('approval_policy', '"never"'), set('approval_policy', '"on-request"')]
    expect(write({ user: 'approval_policy = "on-failure"\n' }, edits).text).toBe(
      'approval_policy = "on-request"\n',
    )
  })

  it('leaves what is beside an edit as it is spelled, NaN too', () => {
    expect(write({ user: 'x = { a = nan }\ny.b = nan # b\n' }, [set('y.c', '1')]).text).toBe(
      'x = { a = nan }\ny.b = nan # b\ny.c = 1\n',
    )
  })

  it('answers with the version before normalising, as the CLI does, and tells the next one', () => {
    const { result, nextVersion } = write({}, [set('seconds', '10')], TYPED)

    expect(result.version).toBe(fingerprint(readToml('seconds = 10')))
    expect(nextVersion).toBe(fingerprint(readToml('seconds = 10.0')))
  })

  it.each<[string, string]>([
    ['a relative path', 'config.toml'],
    ['an empty path', ''],
    ['another file', '/sandbox/home/other.toml'],
    ['a managed file', MANAGED_FILE],
  ])('refuses %s', (_what, filePath) => {
    const request = { stack: aStack(), text: '', edits: [], filePath }

    expect(refusalOf(() => planWrite(request))).toEqual({
      code: 'configLayerReadonly',
      message: 'Only writes to the user config are allowed',
    })
  })

  it.each(['/sandbox/../sandbox/home/config.toml', '//sandbox//./home/config.toml'])(
    'takes %s as the path that it is',
    (filePath) => {
      expect(planWrite({ stack: aStack(), text: '', edits: [], filePath }).result.filePath).toBe(USER_FILE)
    },
  )

  it('makes a user layer where there is none', () => {
    const stack = ConfigLayerStack.of({ layers: [], profile: codexProfile() })
    const request = { stack, text: '', edits: [set('a', '1')], filePath: USER_FILE }

    expect(planWrite(request)).toMatchObject({ text: 'a = 1\n', result: { filePath: USER_FILE } })
  })

  it('refuses a value of the wrong type, and all of the batch with it', () => {
    const edits = [set('a', '1'), set('model', '5')]

    expect(refusalOf(() => write({ user: 'a = 0' }, edits, TYPED))).toEqual({
      code: 'configValidationError',
      message: 'model: expected a string, got an integer',
    })
  })

  it('refuses a value of the wrong type that a higher layer hides', () => {
    expect(refusalOf(() => write({ managed: 'model = "m"' }, [set('model', '5')], TYPED))).toMatchObject({
      code: 'configValidationError',
    })
  })

  it('refuses a word that was withdrawn, which the user layer must not even hide below another', () => {
    const hidden = { user: 'approval_policy = "untrusted"', managed: 'approval_policy = "never"' }
    const shown = { system: 'approval_policy = "untrusted"' }
    for (const sources of [hidden, shown]) {
      expect(refusalOf(() => write(sources, [set('x', '1')]))?.message).toMatch(/^approval_policy: the word /)
      expect(write(sources, [set('x', '1')], codexProfile('0.128.0')).result.status).toBe('ok')
      expect(write(sources, [set('approval_policy', '"never"')]).result.status).toBe('ok')
    }
  })

  it('refuses what could not be read again', () => {
    const path = Array.from({ length: 100 }, () => 'a').join('.')

    expect(refusalOf(() => write({}, [set(path, '1')]))).toMatchObject({ code: 'configValidationError' })
  })

  it('reports the first edit that does not take effect', () => {
    const managed = 'a = 1\nb = 2'

    expect(write({ managed }, [set('c', '1'), set('b', '9'), set('a', '9')]).result).toMatchObject({
      status: 'okOverridden',
      overriddenMetadata: {
        message: `Overridden by legacy managed_config.toml: ${MANAGED_FILE}`,
        overridingLayer: {
          name: { type: 'legacyManagedConfigTomlFromFile', file: MANAGED_FILE },
          version: fingerprint(readToml(managed)),
        },
        effectiveValue: 2n,
      },
    })
  })

  it('names the layer that ends the spelling of a policy for variables', () => {
    const managed = 'shell_environment_policy.exclude = ["A"]'
    const edit = set('shell_environment_policy.filters.A', '"include"')

    expect(write({ managed }, [edit]).result).toMatchObject({
      status: 'okOverridden',
      overriddenMetadata: { overridingLayer: { name: { file: MANAGED_FILE } }, effectiveValue: null },
    })
    expect(write({ managed }, [edit], codexProfile('0.128.0')).result.status).toBe('ok')
  })

  it('looks into arrays for what is overridden, as the CLI does', () => {
    const sources = { user: 'l = [{ a = 1 }]', managed: 'l = [{ a = 2 }]' }

    expect(write(sources, [unset('l.0.a')]).result.overriddenMetadata?.effectiveValue).toBe(2n)
  })
})

describe('requirements on a write', () => {
  const source = { type: 'managedRuntimeConfig', name: 'strict' } as const
  const table = readToml('allowed_sandbox_modes = ["read-only", "workspace-write"]')

  function writeUnder(sources: SourceTexts, edits: readonly ConfigEdit[]) {
    const profile = codexProfile()
    const requirements = composeRequirements([{ source, table }], profile.rules, null)
    const stack = ConfigLayerStack.of({ layers: layersOf(sources, profile), profile, requirements })
    return planWrite({ stack, text: sources.user ?? '', edits })
  }

  const FORBIDDEN = set('sandbox_mode', '"danger-full-access"')

  it('refuse a value, with what is allowed and by whom', () => {
    expect(refusalOf(() => writeUnder({}, [FORBIDDEN]))).toEqual({
      code: 'configValidationError',
      message:
        'sandbox_mode is danger-full-access, and ManagedRuntimeConfig strict allows only read-only, workspace-write',
    })
  })

  it('refuse a value that only flags of this session hide', () => {
    expect(refusalOf(() => writeUnder({ session: ['sandbox_mode="read-only"'] }, [FORBIDDEN]))).toMatchObject(
      { code: 'configValidationError' },
    )
  })

  it('let pass what an administrator overrides in any case', () => {
    expect(writeUnder({ managed: 'sandbox_mode = "read-only"' }, [FORBIDDEN]).result.status).toBe(
      'okOverridden',
    )
  })

  it('let other keys be edited where the file breaks them already', () => {
    const user = 'sandbox_mode = "danger-full-access"\n'

    expect(writeUnder({ user }, [set('model', '"m"')]).changed).toBe(true)
    expect(writeUnder({ user }, [unset('sandbox_mode')]).text).toBe('')
    expect(writeUnder({ user }, [set('sandbox_mode', '"read-only"')]).changed).toBe(true)
  })
})

describe('a write of another runtime', () => {
  it('edits JSON as JSON', () => {
    const stack = stackOfTexts({
      profile: claudeProfile(),
      userFile: 'config',
      userText: '{\n  "a": 1\n}\n',
      managed: [],
    })
    const { text, result } = planWrite({ stack, text: '{\n  "a": 1\n}\n', edits: [set('b.c', '2.50')] })

    expect(readJson(text)).toEqual(readJson('{"a":1,"b":{"c":2.5}}'))
    expect(result).toMatchObject({ status: 'ok', filePath: 'config' })
  })

  it('names the managed config that overrides it', () => {
    const stack = stackOfTexts({
      profile: plainProfile('other', 'toml'),
      userFile: 'config',
      userText: '',
      managed: [{ name: 'company', config: 'a = 1' }],
    })

    expect(planWrite({ stack, text: '', edits: [set('a', '2')] }).result.overriddenMetadata).toMatchObject({
      message: 'Overridden by managed runtime config: company',
      effectiveValue: 1n,
    })
  })
})
