import { join, resolve } from 'node:path'

import { LayersError } from './errors.ts'
import { readLayerText } from './layer-text.ts'
import { createLayer, type ConfigLayer, type LayerName } from './layer.ts'
import { claudeProfile } from './runtimes/claude.ts'
import type { LayersFolders, LayersFs } from './sources/files.ts'
import { ConfigLayerStack } from './stack/stack.ts'
import { readTomlBytes } from './toml/read.ts'
import { EMPTY_TABLE, type TomlTable } from './value.ts'

/** Where the settings of Claude Code are loaded from. */
export interface ClaudeLoadOptions {
  readonly fs: LayersFolders
  /** Home directory, absolute. */
  readonly home: string
  /** Folder of the user's settings, what `CLAUDE_CONFIG_DIR` says. Default: `.claude` in the home directory. */
  readonly configDir?: string
  /** Folder that claude is started in. Without it no project has layers. */
  readonly cwd?: string
  /** What `--settings` was given: a JSON object, or the path of a file that holds one. */
  readonly settings?: string
  readonly overrides?: {
    /** Path of `managed-settings.json`; default: where it is on this system. */
    readonly managedPath?: string
  }
}

/**
 * Loads the layers of Claude Code from this machine: the user's settings, those of the project, those of the project that
 * are the user's own, what the session was given, and what is managed with its drop-in files in the order of their names.
 * Reads only; a file that is missing is no layer, but for the user's, which is an empty one.
 *
 * Values are not held against the kinds of the settings: claude starts with a file that it does not like. `lint` tells them.
 *
 * @throws LayersError with the path of the file, and with line and column where it has them: `configUnreadable`,
 *   `configSyntaxError`, `configTooDeep`, `configTypeError`, for a file that is no JSON object or holds a null
 */
export async function loadClaudeLayersState(options: ClaudeLoadOptions): Promise<ConfigLayerStack> {
  const { fs, home, configDir = join(home, '.claude'), cwd } = options
  const userFile = join(configDir, 'settings.json')
  const layers = [
    createLayer({ type: 'user', file: userFile }, (await readSettings(fs, userFile)) ?? EMPTY_TABLE),
    ...(cwd === undefined ? [] : await projectLayers(fs, cwd, userFile)),
    ...(await sessionLayers(options)),
    ...(await managedLayers(fs, options.overrides?.managedPath ?? managedPathOf(process.platform))),
  ]
  return ConfigLayerStack.of({ layers, profile: claudeProfile() })
}

/** The folder of a project may be the home directory, whose shared settings are the user's and count once. */
async function projectLayers(fs: LayersFs, cwd: string, userFile: string): Promise<readonly ConfigLayer[]> {
  const shared = resolve(cwd, '.claude/settings.json')
  const local = resolve(cwd, '.claude/settings.local.json')
  const isUsers = (await fs.realPath(shared)) === (await fs.realPath(userFile))
  return [
    ...(isUsers ? [] : await fileLayers(fs, { type: 'projectFile', file: shared })),
    ...(await fileLayers(fs, { type: 'localFile', file: local })),
  ]
}

async function sessionLayers({
  fs,
  cwd = '/',
  settings,
}: ClaudeLoadOptions): Promise<readonly ConfigLayer[]> {
  if (settings === undefined) return []
  if (settings.trimStart().startsWith('{')) {
    return [
      createLayer(
        { type: 'sessionFlags' },
        readNamed('--settings', () => settings),
      ),
    ]
  }
  const path = resolve(cwd, settings)
  const table = await readSettings(fs, path)
  if (table === null) {
    throw new LayersError('configUnreadable', 'expected a file with settings, got none', { path })
  }
  return [createLayer({ type: 'sessionFlags' }, table)]
}

async function managedLayers(fs: LayersFolders, path: string): Promise<readonly ConfigLayer[]> {
  const folder = path.replace(/(\.json)?$/, '.d')
  const names = (await fs.names(folder)).filter((name) => /^[^.].*\.json$/.test(name))
  const files = [path, ...names.map((name) => join(folder, name))]
  const layers = await Promise.all(files.map((file) => fileLayers(fs, { type: 'managedFile', file })))
  return layers.flat()
}

/** Where an administrator puts the settings of all users. */
function managedPathOf(platform: NodeJS.Platform): string {
  if (platform === 'darwin') return '/Library/Application Support/ClaudeCode/managed-settings.json'
  if (platform === 'win32') return String.raw`C:\Program Files\ClaudeCode\managed-settings.json`
  return '/etc/claude-code/managed-settings.json'
}

async function fileLayers(
  fs: LayersFs,
  name: Extract<LayerName, { readonly file: string }>,
): Promise<readonly ConfigLayer[]> {
  const table = await readSettings(fs, name.file)
  return table === null ? [] : [createLayer(name, table)]
}

async function readSettings(fs: LayersFs, path: string): Promise<TomlTable | null> {
  const bytes = await fs.readFile(path)
  return bytes === null ? null : readNamed(path, () => readTomlBytes(bytes))
}

function readNamed(path: string, text: () => string): TomlTable {
  try {
    return readLayerText(text(), claudeProfile())
  } catch (error) {
    if (!(error instanceof LayersError)) throw error
    // What the values of an edit are refused for is a fault of the file here.
    const code = error.code === 'configValidationError' ? 'configTypeError' : error.code
    throw new LayersError(code, error.reason, { path, ...error.place, cause: error })
  }
}
