import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { type ConfigLayer, createLayer, type LayerName } from './layer.ts'
import { checkTypes, type LayerText } from './load-faults.ts'
import { mergeLayers } from './merge/merge.ts'
import { type SessionFlag, sessionTable } from './overrides.ts'
import { projectSettings } from './project-trust.ts'
import type { RequirementsLayer } from './requirements/requirements-source.ts'
import { codexProfile } from './runtimes/codex.ts'
import type { RuntimeProfile } from './runtimes/profile.ts'
import type { ConfigFile } from './sources/config-file.ts'
import type { LayersFs } from './sources/files.ts'
import { type ProjectLayer, readProjectLayers } from './sources/projects.ts'
import { type LoaderOverrides, readSystemSources, type SystemSources } from './sources/system-sources.ts'
import { loadThreadEntries, type ThreadConfigLoader } from './sources/threads.ts'
import { ConfigLayerStack } from './stack/stack.ts'
import { EMPTY_TABLE } from './value.ts'

/** Where layers are loaded from. */
export interface LoadOptions {
  readonly fs: LayersFs
  /** Folder of the user's config, absolute. */
  readonly codexHome: string
  /** Folder that is worked in. Without it no project has layers. */
  readonly cwd?: string
  /** Session flags after the subcommand; a text is `key=value`. */
  readonly cliOverrides?: readonly (string | SessionFlag)[]
  /** Session flags before it. */
  readonly rootOverrides?: readonly (string | SessionFlag)[]
  readonly overrides?: LoaderOverrides
  /** Requirements of further sources, such as the cloud. */
  readonly requirements?: readonly RequirementsLayer[]
  readonly threadConfigLoader?: ThreadConfigLoader
  /** Default: codex as it is today. */
  readonly profile?: RuntimeProfile
  /** Takes settings of a wrong kind as they are: what is going to be edited can only be mended if it can be loaded. */
  readonly forEditing?: boolean
}

/**
 * Loads the layers of codex from this machine. Reads only; a file that is missing is an empty layer.
 *
 * Of several files that cannot be used, the one is reported that the CLI would report.
 *
 * @throws LayersError with the path of the file, and with line and column where it has them: `configUnreadable`,
 *   `configSyntaxError`, `configTooDeep`, `configTypeError`, `requirementsInvalid`; also `managedPreferencesInvalid`,
 *   `overrideInvalid`, `threadConfigFailed`
 */
export async function loadConfigLayersState(options: LoadOptions): Promise<ConfigLayerStack> {
  const { fs, codexHome, cwd, overrides = {} } = options
  const { profile = codexProfile() } = options
  const place = { profile, home: overrides.home ?? homedir() }
  const userFile = join(codexHome, 'config.toml')
  const session = sessionLayer(options, place)
  const sources = await readSystemSources({
    fs,
    rules: profile.rules,
    userFile,
    overrides,
    requirements: options.requirements ?? [],
  })
  const below = [systemLayer(sources, place), userLayer(sources.user, userFile, place)]
  const config = mergeLayers(configsOf([...below, ...session]).map(projectSettings), profile.rules)
  const projects =
    cwd === undefined ? [] : await readProjectLayers(cwd, { ...place, fs, codexHome, userFile, config })
  const laid = [...below, ...projects, ...session, ...managedLayers(sources, codexHome, place)]
  const stack = ConfigLayerStack.of({
    layers: laid.map(({ layer }) => layer),
    profile,
    requirements: sources.requirements,
  }).withThreadEntries(await loadThreadEntries(options.threadConfigLoader, cwd))
  if (options.forEditing !== true) checkTypes(stack, textsOf(laid))
  return stack
}

/** A layer and what it was read from; null for one that was read from nothing. */
type LaidLayer = ProjectLayer

/** What normalising a layer takes beside its folder. */
interface Place {
  readonly profile: RuntimeProfile
  readonly home: string
}

function sessionLayer(options: LoadOptions, { profile, home }: Place): readonly LaidLayer[] {
  const { cliOverrides = [], rootOverrides = [], cwd, codexHome } = options
  const flags = sessionTable(
    { rootFlags: rootOverrides.map(toFlag), flags: cliOverrides.map(toFlag) },
    profile.rules,
  )
  if (flags === null) return []
  const config = profile.normalise(flags, resolve(codexHome, cwd ?? ''), home)
  return [{ layer: createLayer({ type: 'sessionFlags' }, config), file: null }]
}

function toFlag(flag: string | SessionFlag): SessionFlag {
  return typeof flag === 'string' ? { override: flag } : flag
}

function systemLayer({ system, systemPath }: SystemSources, place: Place): LaidLayer {
  const name = { type: 'system', file: systemPath } as const
  return layerOf({ name, file: system, base: dirname(systemPath) }, place)
}

function userLayer(file: ConfigFile | null, userFile: string, place: Place): LaidLayer {
  return layerOf({ name: { type: 'user', file: userFile }, file, base: dirname(userFile) }, place)
}

function managedLayers(
  { managed, preferences }: SystemSources,
  codexHome: string,
  place: Place,
): readonly LaidLayer[] {
  const layers: LaidLayer[] = []
  if (managed !== null) {
    const name = { type: 'legacyManagedConfigTomlFromFile', file: managed.path } as const
    layers.push(layerOf({ name, file: managed, base: dirname(managed.path) }, place))
  }
  if (preferences !== null) {
    const name = { type: 'legacyManagedConfigTomlFromMdm' } as const
    layers.push(layerOf({ name, file: preferences, base: codexHome }, place))
  }
  return layers
}

function layerOf(
  { name, file, base }: { readonly name: LayerName; readonly file: ConfigFile | null; readonly base: string },
  { profile, home }: Place,
): LaidLayer {
  return { layer: createLayer(name, profile.normalise(file?.table ?? EMPTY_TABLE, base, home)), file }
}

function configsOf(layers: readonly LaidLayer[]): readonly ConfigLayer['config'][] {
  return layers.map(({ layer }) => layer.config)
}

function textsOf(layers: readonly LaidLayer[]): ReadonlyMap<ConfigLayer, LayerText> {
  return new Map(layers.flatMap(({ layer, file }) => (file === null ? [] : [[layer, file]])))
}
