import { dirname, isAbsolute, join, resolve } from 'node:path'

import { LayersError } from '#layers/errors.ts'
import { createLayer, type ConfigLayer } from '#layers/layer.ts'
import {
  disabledReason,
  projectRootMarkers,
  projectTrust,
  type ProjectTrust,
  stripProject,
} from '#layers/project-trust.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { EMPTY_TABLE, type TomlTable } from '#layers/value.ts'
import { trimWhiteSpace } from '#layers/white-space.ts'

import { type ConfigFile, readAhead, toConfigFile } from './config-file.ts'
import type { LayersFs } from './files.ts'

/** What the layers of a project depend on beside its files. */
export interface ProjectContext {
  readonly fs: LayersFs
  readonly profile: RuntimeProfile
  /** Never a project's folder, though it is called like one. */
  readonly codexHome: string
  readonly userFile: string
  readonly home: string
  /** System, user and session layers merged: they say what a project is, and whether it is trusted. */
  readonly config: TomlTable
}

/** A layer of a project and the file it was read from, if there is one. */
export interface ProjectLayer {
  readonly layer: ConfigLayer
  readonly file: ConfigFile | null
}

/**
 * Reads the layers of the project that a folder belongs to, from the root of the project down to the folder.
 *
 * A folder counts when it has a `.codex` folder, with or without a config in it. One that is not trusted is read, shown and
 * disabled; what cannot be read there is an empty layer, so that a stranger's file cannot stop anything.
 *
 * @param cwd a path that is not absolute belongs to no project
 * @throws LayersError about a file of a trusted project
 */
export async function readProjectLayers(
  cwd: string,
  context: ProjectContext,
): Promise<readonly ProjectLayer[]> {
  if (!isAbsolute(cwd)) return []
  const folder = resolve(cwd)
  const [root, repository] = await Promise.all([
    findRoot(folder, projectRootMarkers(context.config), context.fs),
    findRepository(folder, context.fs),
  ])
  const layers: ProjectLayer[] = []
  for (const each of ancestors(folder, root).toReversed()) {
    if (await hasLayer(each, context)) layers.push(await readLayer(each, { root, repository }, context))
  }
  return layers
}

interface Roots {
  readonly root: string
  /** Root of the repository that the folder was checked out of; for a linked worktree, of the main one. */
  readonly repository: string | null
}

async function readLayer(folder: string, roots: Roots, context: ProjectContext): Promise<ProjectLayer> {
  const { profile, userFile, home } = context
  const dotCodexFolder = join(folder, '.codex')
  const path = join(dotCodexFolder, 'config.toml')
  const bytes = readAhead(path, context.fs)
  const reason = disabledReason(await trustOf(folder, roots, context), userFile, profile.rules)
  const file = await takeUnlessUntrusted({ path, bytes }, reason === null, context)
  const table = stripProject(file?.table ?? EMPTY_TABLE, profile.rules)
  const config = profile.normalise(table, dotCodexFolder, home)
  const layer = createLayer({ type: 'project', dotCodexFolder }, config, reason ?? undefined)
  return { layer, file }
}

async function takeUnlessUntrusted(
  { path, bytes }: { readonly path: string; readonly bytes: Promise<Uint8Array | null> },
  isTrusted: boolean,
  { profile }: ProjectContext,
): Promise<ConfigFile | null> {
  try {
    return toConfigFile(path, await bytes, profile.rules)
  } catch (error) {
    if (!isTrusted && error instanceof LayersError) return null
    throw error
  }
}

async function trustOf(
  folder: string,
  { root, repository }: Roots,
  context: ProjectContext,
): Promise<ProjectTrust> {
  const { fs, config } = context
  const [realRoot, realFolder] = await Promise.all([fs.realPath(root), fs.realPath(folder)])
  const folders = [realFolder, folder, realRoot, root]
  return projectTrust(
    config,
    repository === null ? folders : [...folders, repository],
    repository ?? realRoot,
  )
}

async function hasLayer(folder: string, { fs, codexHome }: ProjectContext): Promise<boolean> {
  const dotCodex = join(folder, '.codex')
  if ((await fs.kind(dotCodex)) !== 'folder') return false
  if (dotCodex === resolve(codexHome)) return false
  const [own, users] = await Promise.all([fs.realPath(dotCodex), fs.realPath(codexHome)])
  return own !== users
}

async function findRoot(folder: string, markers: readonly string[], fs: LayersFs): Promise<string> {
  for (const each of markers.length === 0 ? [] : ancestors(folder, '/')) {
    for (const marker of markers) {
      if ((await fs.kind(join(each, marker))) !== null) return each
    }
  }
  return folder
}

/**
 * The repository of a folder. A linked worktree belongs to its main repository, which says so itself: a file of the
 * worktree alone must not lend it the trust of any repository it likes.
 */
async function findRepository(folder: string, fs: LayersFs): Promise<string | null> {
  for (const each of ancestors(folder, '/')) {
    const dotGit = join(each, '.git')
    const kind = await fs.kind(dotGit)
    if (kind === 'file') return await mainRepository(dotGit, fs)
    if (kind !== null) return await fs.realPath(each)
  }
  return null
}

async function mainRepository(dotGit: string, fs: LayersFs): Promise<string | null> {
  const pointer = /^gitdir:\s*(\S.*)$/m.exec(await readLine(dotGit, fs))?.[1]
  if (pointer === undefined) return null
  const gitFolder = await fs.realPath(resolve(dirname(dotGit), trimWhiteSpace(pointer)))
  const worktrees = dirname(gitFolder)
  if (!worktrees.endsWith('/worktrees')) return null
  const back = trimWhiteSpace(await readLine(join(gitFolder, 'gitdir'), fs))
  const isMutual =
    back !== '' && (await fs.realPath(resolve(gitFolder, back))) === (await fs.realPath(dotGit))
  return isMutual ? await fs.realPath(dirname(dirname(worktrees))) : null
}

async function readLine(path: string, fs: LayersFs): Promise<string> {
  try {
    return new TextDecoder().decode((await fs.readFile(path)) ?? new Uint8Array())
  } catch {
    return ''
  }
}

/** The folder and those above it, up to and with `top`. */
function ancestors(folder: string, top: string): readonly string[] {
  const found = [folder]
  for (let each = folder; each !== top && dirname(each) !== each;) {
    each = dirname(each)
    found.push(each)
  }
  return found
}
