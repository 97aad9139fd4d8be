import type { LayerRules } from './rules.ts'
import { isArray, isTable, type TomlTable, valueAt } from './value.ts'

/** What the configuration outside of projects says of a folder. */
export interface ProjectTrust {
  /** null where it says nothing. */
  readonly level: 'trusted' | 'untrusted' | null
  /** The folder that the entry is for, or the one that an entry would be made for. */
  readonly folder: string
}

/**
 * Looks up whether a folder is trusted: `[projects."<folder>"] trust_level`. The first folder with an entry decides.
 *
 * @param config system, user and session layers merged; a project has no say in its own trust
 * @param folders the folder itself, the root of the project, then the root of the repository, absolute, each under all of
 *   its names
 * @param wouldBe folder to be named to a person when there is no entry
 */
export function projectTrust(config: TomlTable, folders: readonly string[], wouldBe: string): ProjectTrust {
  for (const folder of folders) {
    const level = valueAt(config, ['projects', folder, 'trust_level'])
    if (level === 'trusted' || level === 'untrusted') return { level, folder }
  }
  return { level: null, folder: wouldBe }
}

/**
 * Why the layer of a project counts for nothing: the sentence that the CLI shows.
 *
 * @param userFile file of the user layer, where trust is given
 * @returns null when the project is trusted
 */
export function disabledReason(
  { level, folder }: ProjectTrust,
  userFile: string,
  { untrustedWording }: Pick<LayerRules, 'untrustedWording'>,
): string | null {
  if (level === 'trusted') return null
  if (level === null) return `To load ${GATED}, add ${folder} as a trusted project in ${userFile}.`
  return untrustedWording === 'user-config'
    ? `${folder} is marked as untrusted in ${userFile}. To load ${GATED}, mark it trusted.`
    : `${folder} is marked as untrusted in the effective configuration. To load ${GATED}, mark it trusted; where an administrator has set this, ask them.`
}

const GATED = 'project-local config, hooks, and exec policies'

/** The settings of a layer that say something of projects: all that is asked for here, and little to merge. */
export function projectSettings(config: TomlTable): TomlTable {
  return new Map([...config].filter(([key]) => PROJECT_SETTINGS.has(key)))
}

const PROJECT_SETTINGS: ReadonlySet<string> = new Set(['projects', 'project_root_markers'])

/**
 * The names whose presence makes a folder the root of a project.
 *
 * @param config system, user and session layers merged
 * @returns `.git` unless set otherwise; empty when every working folder is to be its own project
 */
export function projectRootMarkers(config: TomlTable): readonly string[] {
  const markers = config.get('project_root_markers')
  if (!isArray(markers)) return ['.git']
  return markers.filter((marker) => typeof marker === 'string')
}

/** Takes out what a project may not set. Tables that become empty stay. */
export function stripProject(
  config: TomlTable,
  { projectStripped }: Pick<LayerRules, 'projectStripped'>,
): TomlTable {
  return projectStripped.reduce(without, config)
}

function without(table: TomlTable, path: readonly string[]): TomlTable {
  const [first, ...rest] = path
  if (first === undefined) return table
  const keys = first === '*' ? [...table.keys()] : [first]
  const copy = new Map(table)
  for (const key of keys) {
    const value = copy.get(key)
    if (rest.length === 0) copy.delete(key)
    else if (isTable(value)) copy.set(key, without(value, rest))
  }
  return copy
}
