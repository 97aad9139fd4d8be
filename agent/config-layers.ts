import { join } from 'node:path'

import { LayersError, readIn } from '#layers/errors.ts'
import { readLayerText } from '#layers/layer-text.ts'
import { type ConfigLayer, createLayer } from '#layers/layer.ts'
import { loadClaudeLayersState } from '#layers/load-claude.ts'
import { loadConfigLayersState } from '#layers/load.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'
import { type LayersFolders, nodeFs } from '#layers/sources/files.ts'
import { readTomlBytes } from '#layers/toml/read.ts'
import { MAX_CONFIG_LAYERS, type WireConfigLayer } from '#protocol/config-report.ts'

import { ABSENT, stampOf } from './config-stamps.ts'

/** The configuration of one runtime on this device. */
export interface ConfigSource {
  readonly runtime: string
  readonly format: 'toml' | 'json'
  /** Folder and name of the user's config file, absolute. */
  readonly folder: string
  readonly name: string
  /** What `~/` stands for. */
  readonly homeFolder: string
}

/** Which layers there are, highest first, and everything that was looked at to find out. */
export interface ConfigReading {
  readonly layers: readonly WireConfigLayer[]
  /** A stamp for each path, taken before it was read: as long as all are the same, so are the layers. */
  readonly stamps: ReadonlyMap<string, string>
}

/** A machine has fewer files of one runtime; each that cannot be used is one more try. */
const MAX_BROKEN = 8

/**
 * Reads the layers of a runtime on this device and gives their versions: what they say does not leave this function.
 *
 * A file that cannot be read, parsed or used is marked, and the others are reported all the same. Writes nothing and looks no
 * host name up.
 */
export async function readConfigLayers(source: ConfigSource): Promise<ConfigReading> {
  const stamps = new Map<string, string>()
  const broken = new Set<string>()
  const fs = tracing(nodeFs(), { stamps, broken })
  for (;;) {
    try {
      const layers = await loadLayers(source, fs)
      return { layers: toWire(layers, { stamps, broken }), stamps }
    } catch (error) {
      const path = error instanceof LayersError ? error.place.path : undefined
      if (path === undefined || broken.has(path) || broken.size === MAX_BROKEN) throw error
      broken.add(path)
    }
  }
}

/** @returns highest first */
async function loadLayers(source: ConfigSource, fs: LayersFolders): Promise<readonly ConfigLayer[]> {
  const { runtime, folder, name, homeFolder: home } = source
  if (runtime === 'codex' && name === 'config.toml') {
    const overrides = { home, hostName: NO_HOST_NAME }
    return (await loadConfigLayersState({ fs, codexHome: folder, overrides })).allLayers()
  }
  if (runtime === 'claude' && name === 'settings.json') {
    return (await loadClaudeLayersState({ fs, home, configDir: folder })).allLayers()
  }
  return [await loadFile(source, fs)]
}

// Only requirements ask for it, and they are no layer.
const NO_HOST_NAME = { resolve: async () => null }

/** Of a runtime that nothing more is known of, there is the one file. */
async function loadFile(
  { runtime, format, folder, name }: ConfigSource,
  fs: LayersFolders,
): Promise<ConfigLayer> {
  const file = join(folder, name)
  const bytes = await fs.readFile(file)
  const text = bytes === null ? '' : readIn(file, () => readTomlBytes(bytes))
  const config = readIn(file, () => readLayerText(text, registeredProfile(runtime, format)))
  return createLayer({ type: 'user', file }, config)
}

interface Trace {
  readonly stamps: Map<string, string>
  /** Files that cannot be used: read as empty, so that the others show. */
  readonly broken: ReadonlySet<string>
}

function tracing(fs: LayersFolders, { stamps, broken }: Trace): LayersFolders {
  const look = (path: string): string => {
    stamps.set(path, stampOf(path))
    return path
  }
  return {
    readFile: async (path) => (broken.has(path) ? new Uint8Array() : fs.readFile(look(path))),
    kind: (path) => fs.kind(look(path)),
    realPath: (path) => fs.realPath(path),
    names: (path) => fs.names(look(path)),
  }
}

function toWire(layers: readonly ConfigLayer[], { stamps, broken }: Trace): readonly WireConfigLayer[] {
  return layers
    .filter(({ name }) => !('file' in name) || stamps.get(name.file) !== ABSENT)
    .slice(0, MAX_CONFIG_LAYERS)
    .map(({ name, version }) =>
      'file' in name && broken.has(name.file)
        ? { type: name.type, unreadable: true }
        : { type: name.type, version },
    )
}
