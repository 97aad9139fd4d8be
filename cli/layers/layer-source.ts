import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import { LayersError } from '#layers/errors.ts'
import type { SessionFlag } from '#layers/overrides.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { type LayersFolders, MAX_FILE_BYTES, nodeFs } from '#layers/sources/files.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

import type { LayersContext } from './layers-context.ts'

/** Which layers of this machine are meant, as it was typed. */
export interface SourceFlags {
  readonly runtime: 'codex' | 'claude'
  readonly cwd?: string
  readonly codexHome?: string
  readonly systemFolder?: string
  readonly cliVersion?: string
  /** `-c` */
  readonly set?: readonly string[]
  readonly enable?: readonly string[]
  readonly disable?: readonly string[]
  /** `--settings` of claude. */
  readonly settings?: string
}

/** The layers of one runtime on this machine. */
export interface LayerSource {
  readonly fs: LayersFolders
  readonly home: string
  readonly cwd: string
  readonly profile: RuntimeProfile
  /** File of the user layer, absolute. */
  readonly userFile: string
  load(): Promise<ConfigLayerStack>
  /** Loads them with settings of a wrong kind as they are, so that an edit can mend them. */
  loadForEditing(): Promise<ConfigLayerStack>
  /** Loads them as if the user's file were another one. */
  loadWith(file: OtherFile): Promise<ConfigLayerStack>
}

/** What stands in for the user's file. */
export interface OtherFile {
  readonly bytes: Uint8Array
  /** What faults call it. */
  readonly path: string
  /** See {@link LayerSource.loadForEditing}. */
  readonly forEditing: boolean
}

/** Finds out where the layers are. Reads nothing yet. */
export async function openLayerSource(
  flags: SourceFlags,
  environment: LayersContext['environment'],
): Promise<LayerSource> {
  const home = resolve(environment['HOME'] || homedir())
  const place = { flags, environment, home, cwd: resolve(flags.cwd ?? '.') }
  const found = flags.runtime === 'claude' ? await claudeSource(place) : await codexSource(place)
  const fs = nodeFs()
  return {
    ...found,
    fs,
    home,
    cwd: place.cwd,
    load: () => found.loadFrom(fs, false),
    loadForEditing: () => found.loadFrom(fs, true),
    async loadWith({ bytes, path, forEditing }) {
      if (bytes.length > MAX_FILE_BYTES) {
        const reason = `expected at most ${String(MAX_FILE_BYTES)} bytes, got more`
        throw new LayersError('configUnreadable', reason, { path })
      }
      try {
        return await found.loadFrom(withFile(fs, found.userFile, bytes), forEditing)
      } catch (error) {
        throw error instanceof LayersError ? renamed(error, found.userFile, path) : error
      }
    },
  }
}

interface Place {
  readonly flags: SourceFlags
  readonly environment: LayersContext['environment']
  readonly home: string
  readonly cwd: string
}

interface RuntimeSource extends Pick<LayerSource, 'profile' | 'userFile'> {
  loadFrom(fs: LayersFolders, forEditing: boolean): Promise<ConfigLayerStack>
}

async function codexSource({ flags, environment, home, cwd }: Place): Promise<RuntimeSource> {
  const { loadConfigLayersState } = await import('#layers/load.ts')
  const { codexProfile } = await import('#layers/runtimes/codex.ts')
  const codexHome = resolve(flags.codexHome ?? (environment['CODEX_HOME'] || join(home, '.codex')))
  const profile = codexProfile(flags.cliVersion)
  const { systemFolder } = flags
  const overrides = { home, ...(systemFolder === undefined ? {} : filesIn(systemFolder)) }
  const asked = { codexHome, cwd, cliOverrides: sessionFlags(flags), overrides, profile }
  return {
    profile,
    userFile: join(codexHome, 'config.toml'),
    loadFrom: (fs, forEditing) => loadConfigLayersState({ ...asked, fs, forEditing }),
  }
}

function filesIn(folder: string) {
  return {
    systemConfigPath: resolve(folder, 'config.toml'),
    managedConfigPath: resolve(folder, 'managed_config.toml'),
    requirementsPath: resolve(folder, 'requirements.toml'),
  }
}

function sessionFlags({ set = [], enable = [], disable = [] }: SourceFlags): readonly SessionFlag[] {
  return [
    ...set.map((override) => ({ override })),
    ...enable.map((feature) => ({ enable: feature })),
    ...disable.map((feature) => ({ disable: feature })),
  ]
}

async function claudeSource({ flags, environment, home, cwd }: Place): Promise<RuntimeSource> {
  const { loadClaudeLayersState } = await import('#layers/load-claude.ts')
  const { claudeProfile } = await import('#layers/runtimes/claude.ts')
  const configDir = resolve(environment['CLAUDE_CONFIG_DIR'] || join(home, '.claude'))
  const { settings, systemFolder } = flags
  const asked = {
    ...(settings === undefined ? {} : { settings }),
    ...(systemFolder === undefined
      ? {}
      : { overrides: { managedPath: resolve(systemFolder, 'managed-settings.json') } }),
  }
  return {
    profile: claudeProfile(),
    userFile: join(configDir, 'settings.json'),
    loadFrom: (fs) => loadClaudeLayersState({ fs, home, configDir, cwd, ...asked }),
  }
}

/** The same files, one of them with another content. */
function withFile(fs: LayersFolders, file: string, bytes: Uint8Array): LayersFolders {
  return {
    ...fs,
    readFile: async (path) => (path === file ? bytes : await fs.readFile(path)),
    kind: async (path) => (path === file ? 'file' : await fs.kind(path)),
  }
}

function renamed(error: LayersError, userFile: string, file: string): LayersError {
  if (error.place.path !== userFile) return error
  return new LayersError(error.code, error.reason, { ...error.place, path: file, cause: error })
}
