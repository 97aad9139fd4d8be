import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox, type Sandbox, type SandboxInput } from './sandbox.ts'

const TRUSTED = '[projects."/sandbox/proj"]\ntrust_level = "trusted"\n'
const REPOSITORY = { '.git/HEAD': 'x', '.codex/config.toml': 'x = 1\n' }

/** The layers of projects, highest first: folder, settings, and the folder that a reason names. */
async function projectsOf(sandbox: Sandbox, cwd?: string): Promise<unknown> {
  const stack = await sandbox.load(cwd === undefined ? {} : { cwd })
  const layers = stack.allLayers().flatMap(({ name, config, disabledReason }) => {
    if (name.type !== 'project') return []
    const named = /(?:add (\S+) as|^(\S+) is marked)/.exec(disabledReason ?? '')
    return [[name.dotCodexFolder, canonicalJson(config), named?.[1] ?? named?.[2] ?? null]]
  })
  return sandbox.recorded(layers)
}

describe('which folders are layers of a project', () => {
  it.each<readonly [what: string, input: SandboxInput, layers: readonly unknown[]]>([
    ['none without a folder to work in', { projectFiles: REPOSITORY }, []],
    ['none for a relative folder', { projectFiles: REPOSITORY, cwd: 'proj' }, []],
    [
      'all from the root of the project down, those without a config too',
      {
        user: TRUSTED,
        projectFiles: { ...REPOSITORY, 'a/.codex/other': '', 'a/b/.codex/config.toml': 'y = 1' },
        cwd: '/sandbox/proj/a/b',
      },
      [
        ['/sandbox/proj/a/b/.codex', '{"y":1}', null],
        ['/sandbox/proj/a/.codex', '{}', null],
        ['/sandbox/proj/.codex', '{"x":1}', null],
      ],
    ],
    [
      'the folder alone where nothing marks a root',
      {
        projectFiles: { '.codex/config.toml': 'x = 1', 'a/.codex/config.toml': 'y = 1' },
        cwd: '/sandbox/proj/a',
      },
      [['/sandbox/proj/a/.codex', '{"y":1}', '/sandbox/proj/a']],
    ],
    [
      'those below a marker of one’s own',
      {
        user: `project_root_markers = ["MARK"]\n[projects."/sandbox/proj/a"]\ntrust_level = "trusted"`,
        projectFiles: { ...REPOSITORY, 'a/MARK': '', 'a/.codex/config.toml': 'y = 1' },
        cwd: '/sandbox/proj/a',
      },
      [['/sandbox/proj/a/.codex', '{"y":1}', null]],
    ],
    [
      'none where .codex is a file',
      { projectFiles: { '.git/HEAD': 'x', '.codex': 'x = 1' }, cwd: '/sandbox/proj' },
      [],
    ],
  ])('are %s', async (_what, input, layers) => {
    expect(await projectsOf(await aSandbox(input))).toEqual(layers)
  })

  it('leaves out the folder of the user, though it is called like one', async () => {
    const sandbox = await aSandbox({ projectFiles: REPOSITORY, cwd: '/sandbox/proj' })
    const stack = await sandbox.load({ codexHome: join(sandbox.project, '.codex') })
    expect(stack.allLayers().map(({ name }) => name.type)).toEqual(['user', 'system'])
    await symlink('.codex', join(sandbox.project, 'home'))
    const linked = await sandbox.load({ codexHome: join(sandbox.project, 'home') })
    expect(linked.allLayers().map(({ name }) => name.type)).toEqual(['user', 'system'])
  })

  it('takes a folder as it is meant, whatever dots are in its path', async () => {
    const sandbox = await aSandbox({ user: TRUSTED, projectFiles: { ...REPOSITORY, 'a/x': '' } })
    expect(await projectsOf(sandbox, `${sandbox.project}/a/..//`)).toEqual([
      ['/sandbox/proj/.codex', '{"x":1}', null],
    ])
  })
})

describe('whether a project counts', () => {
  const sub = { ...REPOSITORY, 'a/.codex/config.toml': 'y = 1' }

  it.each<readonly [what: string, user: string, layers: readonly unknown[]]>([
    [
      'an untrusted folder in a trusted project does not',
      `${TRUSTED}[projects."/sandbox/proj/a"]\ntrust_level = "untrusted"`,
      [
        ['/sandbox/proj/a/.codex', '{"y":1}', '/sandbox/proj/a'],
        ['/sandbox/proj/.codex', '{"x":1}', null],
      ],
    ],
    [
      'a trusted folder in a project that nothing is said of does',
      '[projects."/sandbox/proj/a"]\ntrust_level = "trusted"',
      [
        ['/sandbox/proj/a/.codex', '{"y":1}', null],
        ['/sandbox/proj/.codex', '{"x":1}', '/sandbox/proj'],
      ],
    ],
  ])('%s', async (_what, user, layers) => {
    expect(await projectsOf(await aSandbox({ user, projectFiles: sub, cwd: '/sandbox/proj/a' }))).toEqual(
      layers,
    )
  })

  it('can be said by the system and by flags, and not by the project itself', async () => {
    const own = { '.git/HEAD': 'x', '.codex/config.toml': TRUSTED }
    const sandbox = await aSandbox({ system: TRUSTED, projectFiles: own, cwd: '/sandbox/proj' })
    const distrust = { override: `projects={"${sandbox.project}"={trust_level="untrusted"}}` }
    const bySystem = await sandbox.load()
    const byFlag = await sandbox.load({ cliOverrides: [distrust] })
    const bySelf = await (await aSandbox({ projectFiles: own, cwd: '/sandbox/proj' })).load()
    const enabled = [bySystem, byFlag, bySelf].map((stack) =>
      stack.layersHighToLow().some(({ name }) => name.type === 'project'),
    )
    expect(enabled).toEqual([true, false, false])
  })

  it.each(['/sandbox/proj', '/sandbox/home/real'])(
    'holds for a link and for what it leads to: %s',
    async (folder) => {
      const user = `[projects."${folder}"]\ntrust_level = "trusted"`
      const sandbox = await aSandbox({ user, projectFiles: REPOSITORY, cwd: '/sandbox/proj' })
      const real = join(dirname(sandbox.userFile), 'real')
      await rename(sandbox.project, real)
      await symlink(real, sandbox.project)
      expect(await projectsOf(sandbox)).toEqual([['/sandbox/proj/.codex', '{"x":1}', null]])
    },
  )
})

describe('a linked worktree', () => {
  /** A worktree at the project's place and its main repository; `back` is what that one says of its worktree. */
  async function aWorktree(user: string, back: string): Promise<Sandbox> {
    const sandbox = await aSandbox({
      user,
      projectFiles: { '.codex/config.toml': 'x = 1' },
      cwd: '/sandbox/proj',
    })
    const git = join(dirname(sandbox.userFile), 'main/.git/worktrees/w')
    await mkdir(git, { recursive: true })
    await writeFile(join(git, 'gitdir'), `${back.replace('@', sandbox.project)}\n`)
    await writeFile(join(sandbox.project, '.git'), `gitdir: ${git}\n`)
    return sandbox
  }

  const MAIN = '[projects."/sandbox/home/main"]\ntrust_level = "trusted"'

  it('is trusted with its main repository', async () => {
    expect(await projectsOf(await aWorktree(MAIN, '@/.git'))).toEqual([
      ['/sandbox/proj/.codex', '{"x":1}', null],
    ])
  })

  it('names its main repository to be trusted', async () => {
    expect(await projectsOf(await aWorktree('', '@/.git'))).toEqual([
      ['/sandbox/proj/.codex', '{"x":1}', '/sandbox/home/main'],
    ])
  })

  it('does not get the trust of a repository that does not know it', async () => {
    expect(await projectsOf(await aWorktree(MAIN, '/elsewhere/.git'))).toEqual([
      ['/sandbox/proj/.codex', '{"x":1}', '/sandbox/proj'],
    ])
  })

  it.each(['', 'gitdir: \n', 'gitdir: ../.git/modules/x\n', 'gitdir: /nowhere/.git/worktrees/x\n'])(
    'is none by a .git file of %j',
    async (text) => {
      const projectFiles = { '.codex/config.toml': 'x = 1', '.git': text }
      expect(await projectsOf(await aSandbox({ projectFiles, cwd: '/sandbox/proj' }))).toEqual([
        ['/sandbox/proj/.codex', '{"x":1}', '/sandbox/proj'],
      ])
    },
  )
})

describe('a config of a project that cannot be read', () => {
  const broken: readonly (readonly [what: string, make: (path: string) => Promise<unknown>])[] = [
    ['no TOML', (path) => writeFile(path, 'x = = 1')],
    ['a folder', (path) => mkdir(path)],
    ['not UTF-8', (path) => writeFile(path, Buffer.from([0xff]))],
  ]

  async function aBroken(user: string, make: (path: string) => Promise<unknown>): Promise<Sandbox> {
    const projectFiles = { '.git/HEAD': 'x', '.codex/other': '' }
    const sandbox = await aSandbox({ user, projectFiles, cwd: '/sandbox/proj' })
    await make(join(sandbox.project, '.codex/config.toml'))
    return sandbox
  }

  it.each(broken)('stops nothing in a project that is not trusted: %s', async (_what, make) => {
    expect(await projectsOf(await aBroken('', make))).toEqual([
      ['/sandbox/proj/.codex', '{}', '/sandbox/proj'],
    ])
  })

  it.each(broken)('is told with its path in one that is: %s', async (_what, make) => {
    const sandbox = await aBroken(TRUSTED, make)
    const { place } = await refusalOf(sandbox.load())
    expect(sandbox.recorded(place.path)).toBe('/sandbox/proj/.codex/config.toml')
  })
})

describe('what a project may not set', () => {
  it('is taken out before the layer gets its version', async () => {
    const config =
      'q = 1\nmodel_provider = "x"\nopenai_base_url = "http://x"\n[features]\nrespect_system_proxy = true'
    const sandbox = await aSandbox({ projectFiles: { '.codex/config.toml': config }, cwd: '/sandbox/proj' })
    expect(await projectsOf(sandbox)).toEqual([
      ['/sandbox/proj/.codex', '{"features":{},"q":1}', '/sandbox/proj'],
    ])
  })
})
