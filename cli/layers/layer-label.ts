import { dirname } from 'node:path'

import type { LayerName } from '#layers/layer.ts'
import { layerTitle } from '#layers/stack/layer-title.ts'

import { printable } from './value-text.ts'

const LABELS: Readonly<Record<LayerName['type'], string>> = {
  packagedDefaults: 'defaults',
  mdm: 'managed (MDM)',
  system: 'system',
  enterpriseManaged: 'enterprise',
  user: 'user',
  project: 'project',
  projectFile: 'project',
  localFile: 'local',
  sessionFlags: 'session flags',
  managedRuntimeConfig: 'managed (server)',
  managedFile: 'managed',
  legacyManagedConfigTomlFromFile: 'managed',
  legacyManagedConfigTomlFromMdm: 'managed (MDM)',
}

/** How layers and files are called on one screen. */
export class LayerLabels {
  readonly #home: string
  readonly #ambiguous: ReadonlySet<string>

  /** @param names of all layers, so that those of one kind can be told apart */
  constructor(names: readonly LayerName[], home: string) {
    const labels = names.map(({ type }) => LABELS[type])
    this.#home = home
    this.#ambiguous = new Set(labels.filter((label, at) => labels.indexOf(label) !== at))
  }

  /** A word or two for a column that has the place beside it. */
  kind(name: LayerName): string {
    return LABELS[name.type]
  }

  /** A word or two for a column; with the place where there are several of that kind. */
  short(name: LayerName): string {
    const label = LABELS[name.type]
    // The folder of a project says enough, and there may be many columns of it.
    const place = name.type === 'project' ? this.path(dirname(name.dotCodexFolder)) : this.place(name)
    return this.#ambiguous.has(label) && place !== '' ? `${label} ${place}` : label
  }

  /** A few words for a sentence: kind and file. */
  long(name: LayerName): string {
    return this.sentence(layerTitle(name))
  }

  /** The file or what stands for it; empty for what is in no place. */
  place(name: LayerName): string {
    const file = fileOf(name)
    if (file !== null) return this.path(file)
    if (name.type === 'enterpriseManaged' || name.type === 'managedRuntimeConfig') return printable(name.name)
    return name.type === 'mdm' ? printable(`${name.domain} ${name.key}`) : ''
  }

  /** A path as people write it: `~` for their home. */
  path(path: string): string {
    const isInHome = path === this.#home || path.startsWith(`${this.#home}/`)
    return printable(isInHome ? `~${path.slice(this.#home.length)}` : path)
  }

  /** A sentence of the library, whose paths are made shorter. */
  sentence(text: string): string {
    const parts = text.split(`${this.#home}/`)
    // The home may also be the end of another path.
    return printable(
      parts.reduce((said, part) => `${said}${/(^|[\s"'(])$/.test(said) ? '~' : this.#home}/${part}`),
    )
  }
}

/** The file of a layer; null for one that is in no file. */
export function fileOf(name: LayerName): string | null {
  if ('file' in name) return name.file
  return name.type === 'project' ? `${name.dotCodexFolder}/config.toml` : null
}
