import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { readToml } from '#layers/toml/read.ts'
import { EMPTY_TABLE } from '#layers/value.ts'
import { anyTable } from '#test/layers/any-config.ts'

const OLDER = codexProfile('0.128.0')
const NEWER = codexProfile('0.169.0')
const BOTH = [OLDER, NEWER] as const

const SERVER = '[mcp_servers.a]\ncommand = "c"\n'

describe('the typed round trip of codex', () => {
  it.each<[string, string, string]>([
    ['makes floats of whole seconds', `${SERVER}startup_timeout_sec = 10`, '"startup_timeout_sec":10.0'],
    ['leaves milliseconds integers', `${SERVER}startup_timeout_ms = 10`, '"startup_timeout_ms":10'],
    ['resolves a path against the folder of the layer', 'log_dir = "logs/./x/../y/"', '"/layer/logs/y"'],
    ['resolves a path that is only a home', 'log_dir = "~"', '"/home/dev"'],
    ['resolves a path below a home', 'log_dir = "~/../x"', '"/home/x"'],
    ['leaves the name of a home alone', 'log_dir = "~dev/x"', '"/layer/~dev/x"'],
    ['takes the folder for an empty path', 'log_dir = ""', '"/layer"'],
    ['does not leave the root', 'log_dir = "/../x//y"', '"/x/y"'],
    [
      'resolves paths in lists',
      '[sandbox_workspace_write]\nwritable_roots = ["a", "/b"]',
      '["/layer/a","/b"]',
    ],
    ['resolves paths of free tables', '[agents.reviewer]\nconfig_file = "r.toml"', '"/layer/r.toml"'],
    ['leaves the folder of a server alone', `${SERVER}cwd = "rel"`, '"cwd":"rel"'],
    ['makes text of a date where text belongs', 'model = 1979-05-27', '{"model":"1979-05-27"}'],
    [
      'leaves a date under an unknown key alone',
      'x = 07:32',
      '{"x":{"$__toml_private_datetime":"07:32:00"}}',
    ],
    ['keeps unknown keys beside known ones', '[history]\npersistence = "none"\nx = 1', '"x":1'],
  ])('%s', (_what, text, expected) => {
    for (const profile of BOTH) {
      const table = profile.normalise(readToml(text), '/layer', '/home/dev')
      expect(canonicalJson(table)).toContain(expected)
    }
  })

  it('leaves a path below an unknown home as it is', () => {
    expect(NEWER.normalise(readToml('log_dir = "~/x"'), '/layer')).toEqual(readToml('log_dir = "~/x"'))
  })

  it('uses the words of the release', () => {
    const text = 'approval_policy = "on-failure"\napprovals_reviewer = "auto_review"'
    expect(canonicalJson(OLDER.normalise(readToml(text), '/'))).toBe(
      '{"approval_policy":"on-failure","approvals_reviewer":"guardian_subagent"}',
    )
    expect(canonicalJson(NEWER.normalise(readToml(text), '/'))).toBe(
      '{"approval_policy":"on-request","approvals_reviewer":"auto_review"}',
    )
  })

  it.each([
    ['a value is of the wrong kind', 'model = 5\nlog_dir = "x"'],
    ['a server has no way to it', '[mcp_servers.a]\nstartup_timeout_sec = 10'],
    ['a word is unknown', 'sandbox_mode = "all"\nlog_dir = "x"'],
    [
      'a setting is there in both its spellings',
      '[memories]\nno_memories_if_mcp_or_web_search = true\ndisable_on_external_context = true\n[x]\nlog_dir = "x"',
    ],
  ])('leaves the whole layer as it is when %s', (_why, text) => {
    const config = readToml(text)
    for (const profile of BOTH) expect(profile.normalise(config, '/layer', '/home/dev')).toBe(config)
  })

  it('changes nothing that it was given, and nothing the second time', () => {
    fc.assert(
      fc.property(anyTable(), (table) => {
        const config = new Map([...readToml(`${SERVER}tool_timeout_sec = 1\n`), ...table])
        const before = canonicalJson(config)
        const once = NEWER.normalise(config, '/layer', '/home/dev')
        expect(canonicalJson(config)).toBe(before)
        expect(NEWER.normalise(once, '/elsewhere', '/home/other')).toEqual(once)
      }),
    )
  })

  it('gives back the very same table when there is nothing to rewrite', () => {
    const config = readToml('model = "m"\n[history]\npersistence = "none"\n[x]\ny = 1')
    expect(NEWER.normalise(config, '/layer')).toBe(config)
    expect(NEWER.normalise(EMPTY_TABLE, '/layer')).toBe(EMPTY_TABLE)
  })
})

describe('the type faults of codex', () => {
  it.each<[string, readonly string[], string]>([
    ['model = 5', ['model'], 'expected a string, got an integer'],
    ['model = { a = 1 }', ['model'], 'expected a string, got a table'],
    ['log_dir = true', ['log_dir'], 'expected a path, got a boolean'],
    ['hide_agent_reasoning = "yes"', ['hide_agent_reasoning'], 'expected a boolean, got a string'],
    ['model_context_window = 1.0', ['model_context_window'], 'expected an integer, got a float'],
    ['project_doc_max_bytes = -1', ['project_doc_max_bytes'], 'expected an integer from 0, got another one'],
    [
      'mcp_oauth_callback_port = 70000',
      ['mcp_oauth_callback_port'],
      'expected an integer from 0 to 65535, got another one',
    ],
    [
      'sandbox_mode = "all"',
      ['sandbox_mode'],
      'expected one of read-only, workspace-write, danger-full-access, got another one',
    ],
    [
      'sandbox_mode = 1979-05-27',
      ['sandbox_mode'],
      'expected one of read-only, workspace-write, danger-full-access, got a date or time',
    ],
    [
      'approval_policy = "always"',
      ['approval_policy'],
      'expected one of untrusted, on-failure, on-request, never or a table, got another one',
    ],
    [
      'approval_policy.granular.rules = 1',
      ['approval_policy', 'granular', 'rules'],
      'expected a boolean, got an integer',
    ],
    ['tui.notifications = 5', ['tui', 'notifications'], 'expected a boolean or an array, got an integer'],
    ['notify = ["a", 1]', ['notify', '1'], 'expected a string, got an integer'],
    ['notify = "a"', ['notify'], 'expected an array, got a string'],
    ['history = []', ['history'], 'expected a table, got an array'],
    [
      'features.multi_agent_v2.enabled = 1',
      ['features', 'multi_agent_v2', 'enabled'],
      'expected a boolean, got an integer',
    ],
    ['features.anything = 1', ['features', 'anything'], 'expected a boolean, got an integer'],
    [
      `${SERVER}startup_timeout_sec = -1`,
      ['mcp_servers', 'a', 'startup_timeout_sec'],
      'expected a number of seconds from 0, got an integer',
    ],
    [
      `${SERVER}startup_timeout_sec = nan`,
      ['mcp_servers', 'a', 'startup_timeout_sec'],
      'expected a number of seconds from 0, got a float',
    ],
    [
      'mcp_servers.a.foo = 1',
      ['mcp_servers', 'a'],
      'expected one of the settings command, url in it, which are missing',
    ],
    [`${SERVER}url = "u"`, ['mcp_servers', 'a', 'url'], 'cannot be set beside command'],
    [
      'skills.config = [{ path = "x" }]',
      ['skills', 'config', '0'],
      'expected the setting enabled in it, which is missing',
    ],
    [
      'model_providers.p.name = "\\t\\u00a0"',
      ['model_providers', 'p', 'name'],
      'expected a string that is not blank, got a string',
    ],
    [
      '[memories]\nno_memories_if_mcp_or_web_search = true\ndisable_on_external_context = true',
      ['memories', 'no_memories_if_mcp_or_web_search'],
      'cannot be set beside disable_on_external_context',
    ],
    ['model_providers.ollama.name = "x"', ['model_providers', 'ollama'], 'cannot be set'],
    [
      'model_providers.p.wire_api = "chat"',
      ['model_providers', 'p', 'wire_api'],
      'expected the word responses, got another one',
    ],
  ])('tells of %j where and what is wrong', (text, path, reason) => {
    for (const profile of BOTH) expect(profile.findTypeFault(readToml(text))).toEqual({ path, reason })
  })

  it('never repeats the value', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{12}$/), (secret) => {
        const config = readToml(`sandbox_mode = "${secret}"`)
        expect(NEWER.findTypeFault(config)?.reason).not.toContain(secret)
      }),
    )
  })

  it('holds a setting against the release', () => {
    const text = 'web_search = "indexed"'
    expect(OLDER.findTypeFault(readToml(text))?.path).toEqual(['web_search'])
    expect(NEWER.findTypeFault(readToml(text))).toBe(null)
    const strange = '[tui.keymap.global]\nanything = "f1"'
    expect(OLDER.findTypeFault(readToml(strange))).toEqual({
      path: ['tui', 'keymap', 'global', 'anything'],
      reason: 'expected no such setting here',
    })
    expect(NEWER.findTypeFault(readToml(strange))).toBe(null)
  })

  it('takes any effort of reasoning that is not empty in the newer release, blank ones too', () => {
    expect(NEWER.findTypeFault(readToml('model_reasoning_effort = ""'))).toEqual({
      path: ['model_reasoning_effort'],
      reason: 'expected a string that is not empty, got a string',
    })
    expect(NEWER.findTypeFault(readToml('model_reasoning_effort = " "'))).toBe(null)
    expect(OLDER.findTypeFault(readToml('model_reasoning_effort = " "'))?.path).toEqual([
      'model_reasoning_effort',
    ])
  })

  it('refuses strange settings of features in both releases', () => {
    for (const profile of BOTH) {
      expect(profile.findTypeFault(readToml('features.multi_agent_v2.strange = 1'))).toEqual({
        path: ['features', 'multi_agent_v2', 'strange'],
        reason: 'expected no such setting here',
      })
    }
    const since = readToml('features.multi_agent_v2.tool_namespace = "x"')
    expect(OLDER.findTypeFault(since)?.path).toEqual(['features', 'multi_agent_v2', 'tool_namespace'])
    expect(NEWER.findTypeFault(since)).toBe(null)
  })

  it.each([
    ['"A*" = "include"\n"a*" = "exclude"', 'a*'],
    ['"\u00c9" = "include"\nb = "include"\n"\u00e9" = "include"', 'é'],
  ])('takes the name of a variable once, in whatever case: %j', (filters, again) => {
    const config = readToml(`[shell_environment_policy.filters]\n${filters}`)
    expect(OLDER.findTypeFault(config)).toBe(null)
    expect(NEWER.findTypeFault(config)).toEqual({
      path: ['shell_environment_policy', 'filters', again],
      reason: 'is there already: upper and lower case are the same here',
    })
  })

  it('takes a role of agents that is called as a setting of the newer release', () => {
    const roles = '[agents]\nmax_threads = 2\n[agents.max_concurrent_threads_per_session]\n'
    expect(OLDER.findTypeFault(readToml(roles))).toBe(null)
    const both = '[agents]\nmax_threads = 2\nmax_concurrent_threads_per_session = 3'
    expect(NEWER.findTypeFault(readToml(both))).toEqual({
      path: ['agents', 'max_threads'],
      reason: 'cannot be set beside max_concurrent_threads_per_session',
    })
  })

  it('takes no word that the newer release has withdrawn', () => {
    const config = readToml('approval_policy = "untrusted"')
    expect(OLDER.findTypeFault(config)).toBe(null)
    expect(NEWER.findTypeFault(config)).toEqual({
      path: ['approval_policy'],
      reason:
        'the word untrusted is no longer taken: expected on-request, never or a table, or no such setting',
    })
    expect(NEWER.findTypeFault(readToml('profiles.p.approval_policy = "untrusted"'))).toBe(null)
  })

  it('still rewrites a layer with such a word, which another layer may override', () => {
    const text = `approval_policy = "untrusted"\n${SERVER}startup_timeout_sec = 1`
    expect(canonicalJson(NEWER.normalise(readToml(text), '/'))).toContain('"startup_timeout_sec":1.0')
  })

  it('does not look below keys that the CLI does not know', () => {
    fc.assert(
      fc.property(anyTable(), (table) => {
        for (const profile of BOTH) expect(profile.findTypeFault(new Map([['unknown', table]]))).toBe(null)
      }),
    )
  })
})

describe('what codex knows', () => {
  it.each([
    ['model', true],
    ['modle', false],
    ['model.x', false],
    ['mcp_servers.anything', true],
    ['mcp_servers.anything.command', true],
    ['mcp_servers.anything.comand', false],
    ['mcp_servers.anything.env.ANY', true],
    ['agents.reviewer.config_file', true],
    ['agents.max_depth', true],
    ['approval_policy.granular.rules', true],
    ['skills.config.0.path', true],
    ['skills.config.0.pth', false],
    ['features.unified_exec', true],
    ['features.unified_exe', false],
    ['memories.no_memories_if_mcp_or_web_search', true],
    ['__proto__', false],
    ['constructor', false],
  ])('of %s is %j', (path, expected) => {
    for (const profile of BOTH) expect(profile.isKnownKey(path.split('.'))).toBe(expected)
  })

  it.each([
    ['goals', false, true],
    ['desktop.anything.below', false, true],
    ['commit_attribution', true, false],
    ['features.guardianv3', false, true],
    ['model_providers.p.gateway_oauth.token_url', false, true],
    ['tui.agents_overview_grouping', false, true],
    ['tui.auto_recap', false, true],
    ['mcp_servers.x.omit_tools_from', false, true],
    ['tui.default_hosts.work.anything', false, true],
    ['tui.presets.p.input', false, true],
    ['tui.sidebar_width_percent', false, true],
    ['profiles.x.zsh_path', true, false],
  ])('of %s depends on the release', (path, older, newer) => {
    expect(OLDER.isKnownKey(path.split('.'))).toBe(older)
    expect(NEWER.isKnownKey(path.split('.'))).toBe(newer)
  })
})

it('the profile of codex without a release is that of the newest observed one', () => {
  expect(codexProfile().rules.cliVersion).toBe('0.169.0')
  expect(codexProfile().isKnownKey(['goals'])).toBe(true)
  expect(codexProfile('0.200').isKnownKey(['goals'])).toBe(true)
  expect(() => codexProfile('latest')).toThrow(expect.objectContaining({ code: 'cliVersionInvalid' }))
})
