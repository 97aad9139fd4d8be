import { createLayer, type ConfigLayer } from '#layers/layer.ts'
import { applyOverrides } from '#layers/overrides.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { ConfigLayerStack } from '#layers/stack/stack.ts'
import { readToml } from '#layers/toml/read.ts'

export const USER_FILE = '/sandbox/home/config.toml'
export const MANAGED_FILE = '/etc/codex/managed_config.toml'
export const SYSTEM_FILE = '/etc/codex/config.toml'

/** Texts of the sources of a stack; absent ones are missing files, which the user and the system layer survive. */
export interface SourceTexts {
  readonly user?: string | null
  readonly managed?: string
  readonly system?: string
  readonly session?: readonly string[]
}

/** What the loader makes of texts, without files, projects and requirements. */
export function layersOf(sources: SourceTexts, profile: RuntimeProfile): readonly ConfigLayer[] {
  const { user, managed, system, session } = sources
  const read = (text: string, base: string) => profile.normalise(readToml(text), base)
  return [
    createLayer({ type: 'system', file: SYSTEM_FILE }, read(system ?? '', '/etc/codex')),
    createLayer({ type: 'user', file: USER_FILE }, read(user ?? '', '/sandbox/home')),
    ...(session === undefined
      ? []
      : [createLayer({ type: 'sessionFlags' }, profile.normalise(applyOverrides(session), '/sandbox/home'))]),
    ...(managed === undefined
      ? []
      : [
          createLayer(
            { type: 'legacyManagedConfigTomlFromFile', file: MANAGED_FILE },
            read(managed, '/etc/codex'),
          ),
        ]),
  ]
}

/** A stack of texts under the rules of a release of codex. */
export function aStack(sources: SourceTexts = {}, profile = codexProfile()): ConfigLayerStack {
  return ConfigLayerStack.of({ layers: layersOf(sources, profile), profile })
}
