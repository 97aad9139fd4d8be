import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

import { type LoadOptions, loadConfigLayersState } from '#layers/load.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { nodeFs } from '#layers/sources/files.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'

/** The files of a recorded case; absent means missing. */
export interface SandboxInput {
  readonly user?: string
  readonly system?: string
  readonly managed?: string
  readonly requirements?: string
  readonly projectFiles?: Readonly<Record<string, string>>
  /** Recorded path, below `/sandbox/proj`. */
  readonly cwd?: string
  readonly session?: readonly string[]
}

/** Real files in place of those that cases were recorded with. */
export interface Sandbox {
  readonly root: string
  readonly userFile: string
  /** Folder of a project. */
  readonly project: string
  options(more?: Partial<LoadOptions> & { readonly cliVersion?: string }): LoadOptions
  load(more?: Partial<LoadOptions> & { readonly cliVersion?: string }): Promise<ConfigLayerStack>
  /** A value as text with the paths of the recording. */
  recorded(value: unknown): unknown
}

/** Lays a case out in a temporary folder, which goes away after the test. */
export async function aSandbox(input: SandboxInput = {}): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'layers-'))
  onTestFinished(async () => {
    await rm(root, { recursive: true, force: true })
  })
  const places = placesBelow(root)
  const toReal = (text: string): string => replaceAll(text, places)
  const files: readonly (readonly [string, string | undefined])[] = [
    [join(root, 'home/config.toml'), input.user],
    [join(root, 'etc/config.toml'), input.system],
    [join(root, 'etc/managed_config.toml'), input.managed],
    [join(root, 'etc/requirements.toml'), input.requirements],
    ...Object.entries(input.projectFiles ?? {}).map(
      ([path, text]) => [join(root, 'proj', path), text] as const,
    ),
  ]
  await mkdir(join(root, 'home'), { recursive: true })
  for (const [path, text] of files) {
    if (text === undefined) continue
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, toReal(text))
  }
  const options: Sandbox['options'] = ({ cliVersion, ...more } = {}) => ({
    fs: nodeFs(),
    codexHome: join(root, 'home'),
    ...(input.cwd === undefined ? {} : { cwd: toReal(input.cwd) }),
    cliOverrides: input.session ?? [],
    profile: codexProfile(cliVersion),
    ...more,
    overrides: { ...overridesBelow(root), ...more.overrides },
  })
  return {
    root,
    userFile: join(root, 'home/config.toml'),
    project: join(root, 'proj'),
    options,
    load: async (more) => await loadConfigLayersState(options(more)),
    recorded: (value) => fromReal(value, places),
  }
}

type Places = readonly (readonly [recorded: string, real: string])[]

function placesBelow(root: string): Places {
  return [
    ['/etc/codex', join(root, 'etc')],
    ['/sandbox/home', join(root, 'home')],
    ['/sandbox/proj', join(root, 'proj')],
  ]
}

function overridesBelow(root: string): NonNullable<LoadOptions['overrides']> {
  return {
    systemConfigPath: join(root, 'etc/config.toml'),
    managedConfigPath: join(root, 'etc/managed_config.toml'),
    requirementsPath: join(root, 'etc/requirements.toml'),
    managedPreferences: {},
    hostName: { resolve: () => Promise.reject(new Error('nobody may ask for the host name here')) },
  }
}

function replaceAll(text: string, places: Places): string {
  return places.reduce((changed, [recorded, real]) => changed.replaceAll(recorded, real), text)
}

function fromReal(value: unknown, places: Places): unknown {
  const text = JSON.stringify(value)
  return JSON.parse(
    replaceAll(
      text,
      places.map(([recorded, real]) => [real, recorded] as const),
    ),
  ) as unknown
}
