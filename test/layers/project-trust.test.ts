import { describe, expect, it } from 'vitest'

import { rulesFor } from '#layers/precedence.ts'
import { disabledReason, projectRootMarkers, projectTrust, stripProject } from '#layers/project-trust.ts'
import { readToml } from '#layers/toml/read.ts'

const CONFIG = readToml(`
[projects."/a"]
trust_level = "trusted"
[projects."/a/b"]
trust_level = "untrusted"
[projects."/a/c"]
note = "no level"
[projects."/a/d"]
trust_level = "else"
`)

describe('trust in a project', () => {
  it.each([
    ['the folder’s own entry comes first', ['/a/b', '/a'], { level: 'untrusted', folder: '/a/b' }],
    ['the root of the project decides without one', ['/a/x', '/a'], { level: 'trusted', folder: '/a' }],
    ['an entry without a level is none', ['/a/c', '/a'], { level: 'trusted', folder: '/a' }],
    ['a level that is not known is none', ['/a/d'], { level: null, folder: '/would-be' }],
    ['a folder below a trusted one has no entry by that', ['/a/b/c'], { level: null, folder: '/would-be' }],
    ['built-in names are no entries', ['__proto__', 'constructor'], { level: null, folder: '/would-be' }],
  ] as const)('%s', (_what, folders, expected) => {
    expect(projectTrust(CONFIG, folders, '/would-be')).toEqual(expected)
  })

  it('is not given by an empty configuration, nor by one of another shape', () => {
    const shapes = ['', 'projects = 1', 'projects = { "/a" = "trusted" }'].map((text) => readToml(text))
    expect(shapes.map((config) => projectTrust(config, ['/a'], '/a').level)).toEqual([null, null, null])
  })
})

const GATED = 'project-local config, hooks, and exec policies'

describe('why a project is disabled', () => {
  it.each<readonly [level: 'trusted' | 'untrusted' | null, cliVersion: string, reason: string | null]>([
    ['trusted', '0.169.0', null],
    [null, '0.169.0', `To load ${GATED}, add /p as a trusted project in /home/config.toml.`],
    [
      'untrusted',
      '0.128.0',
      `/p is marked as untrusted in /home/config.toml. To load ${GATED}, mark it trusted.`,
    ],
    [
      'untrusted',
      '0.169.0',
      `/p is marked as untrusted in the effective configuration. To load ${GATED}, mark it trusted; where an administrator has set this, ask them.`,
    ],
  ])('is told when the folder is %s, under %s', (level, cliVersion, reason) => {
    const trust = { level, folder: '/p' }
    expect(disabledReason(trust, '/home/config.toml', rulesFor('codex', cliVersion))).toBe(reason)
  })
})

describe('what marks the root of a project', () => {
  it.each([
    ['', ['.git']],
    ['project_root_markers = ["MARK", ".hg"]', ['MARK', '.hg']],
    ['project_root_markers = []', []],
    ['project_root_markers = "x"', ['.git']],
  ])('is by %j: %j', (text, markers) => {
    expect(projectRootMarkers(readToml(text))).toEqual(markers)
  })
})

describe('what a project may not set', () => {
  const text =
    'model_provider = "x"\nq = 1\n[features]\nrespect_system_proxy = true\nother = true\n[otel]\nx = 1'

  it('is taken out, under the rules that do so', () => {
    expect(stripProject(readToml(text), rulesFor('codex'))).toEqual(
      readToml('q = 1\nfeatures = { other = true }'),
    )
    expect(stripProject(readToml(text), rulesFor('codex', '0.128.0'))).toEqual(readToml(text))
  })

  it('leaves the table that it was in, and a value in its place alone', () => {
    const rules = { projectStripped: [['features', 'x'], ['a', '*', 'b'], []] }
    expect(stripProject(readToml('[features]\nx = 1\n[a]\nn = 1\n[a.k]\nb = 1\nc = 2'), rules)).toEqual(
      readToml('[features]\n[a]\nn = 1\n[a.k]\nc = 2'),
    )
    expect(stripProject(readToml('features = 1'), rules)).toEqual(readToml('features = 1'))
  })
})
