import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { toJson } from '#layers/json/render.ts'
import type { LoadOptions } from '#layers/load.ts'
import { nodeFs } from '#layers/sources/files.ts'
import { readToml } from '#layers/toml/read.ts'

/** Config files of one machine, and the same data as JSON. */
export interface LayerFiles {
  readonly options: LoadOptions
  /** One text a layer. */
  readonly json: readonly string[]
  readonly tomlBytes: number
  remove(): Promise<void>
}

/** How large the files are: `keys` leaves over all layers, of which `projects` are in a row of folders. */
export interface LayerSizes {
  readonly keys: number
  readonly projects: number
}

const LEAVES_OF_A_SERVER = 10

/**
 * Writes a system, a user and a managed config and those of projects: MCP servers with their settings, which is what grows in
 * a real config. Each layer shares half of its servers with the layer below it.
 */
export async function writeLayerFiles({ keys, projects }: LayerSizes): Promise<LayerFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-layers-'))
  const root = join(folder, 'project')
  const folders = Array.from({ length: projects }, (_unused, depth) => join(root, ...pathOf(depth)))
  const paths = {
    system: join(folder, 'etc', 'config.toml'),
    user: join(folder, 'home', 'config.toml'),
    managed: join(folder, 'etc', 'managed_config.toml'),
  }
  const files = [
    paths.system,
    paths.user,
    ...folders.map((each) => join(each, '.codex', 'config.toml')),
    paths.managed,
  ]
  const servers = Math.round(keys / LEAVES_OF_A_SERVER / files.length)
  const texts = files.map((_file, layer) => textOf(servers, Math.floor((layer * servers) / 2)))
  const trust = `\n[projects.${JSON.stringify(root)}]\ntrust_level = "trusted"\n`
  for (const [layer, file] of files.entries()) {
    await writeOld(file, `${texts[layer] ?? ''}${file === paths.user ? trust : ''}`)
  }
  await mkdir(join(root, '.git'), { recursive: true })
  return {
    options: {
      fs: nodeFs(),
      codexHome: dirname(paths.user),
      cwd: folders.at(-1) ?? root,
      overrides: {
        systemConfigPath: paths.system,
        managedConfigPath: paths.managed,
        requirementsPath: join(folder, 'etc', 'requirements.toml'),
        managedPreferences: {},
      },
    },
    json: texts.map((text) => JSON.stringify(toJson(readToml(text)))),
    tomlBytes: texts.reduce((sum, text) => sum + text.length, 0),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

function pathOf(depth: number): readonly string[] {
  return Array.from({ length: depth }, (_unused, at) => `part-${at}`)
}

function textOf(servers: number, first: number): string {
  return Array.from({ length: servers }, (_unused, at) => serverText(first + at)).join('')
}

function serverText(at: number): string {
  return `
# what team ${at % 40} uses
[mcp_servers.server_${at}]
command = "/usr/local/lib/servers/bin/server-${at}"
args = ["--port", "${4000 + at}"]
enabled = ${at % 3 === 0}
startup_timeout_sec = ${10 + (at % 50)}.5
required = false

[mcp_servers.server_${at}.env]
LOG_LEVEL = "info"
ENDPOINT = "https://tools-${at}.example.com/v1"
WORKERS = "${at % 8}"
CACHE_DIR = "/var/cache/servers/${at}"
`
}

/** A file that changed a moment ago is looked at twice, which is not what is measured. */
async function writeOld(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(path, longAgo, longAgo)
}
