import { readIn } from '#layers/errors.ts'
import { legacyRequirements } from '#layers/requirements/requirements-legacy.ts'
import type { RequirementsLayer, RequirementsSourceName } from '#layers/requirements/requirements-source.ts'
import { composeRequirements, needsHostName, type Requirements } from '#layers/requirements/requirements.ts'
import type { LayerRules } from '#layers/rules.ts'
import { readToml } from '#layers/toml/read.ts'

import { type ConfigFile, readAhead, toConfigFile } from './config-file.ts'
import type { LayersFs } from './files.ts'
import { type HostName, machineHostName } from './host-name.ts'
import {
  decodePreference,
  type ManagedPreferences,
  PREFERENCE_KEYS,
  PREFERENCES_DOMAIN,
  preferenceTitle,
  readManagedPreferences,
} from './managed-preferences.ts'

/** Places and answers that stand in for those of this machine. */
export interface LoaderOverrides {
  /** Default `/etc/codex/config.toml`. */
  readonly systemConfigPath?: string
  /** Default `/etc/codex/managed_config.toml`. */
  readonly managedConfigPath?: string
  /** Default `/etc/codex/requirements.toml`. */
  readonly requirementsPath?: string
  /** In place of asking the system; an empty object says that there are none. */
  readonly managedPreferences?: ManagedPreferences
  readonly hostName?: HostName
  /** Folder that `~/` stands for in paths. Default: that of the user who runs this. */
  readonly home?: string
}

/** What reading the machine's own sources depends on. */
export interface SystemContext {
  readonly fs: LayersFs
  readonly rules: LayerRules
  readonly userFile: string
  readonly overrides: LoaderOverrides
  /** Requirements of further sources. */
  readonly requirements: readonly RequirementsLayer[]
}

/** Everything but projects and flags, as it was read; null for what is not there. */
export interface SystemSources {
  readonly systemPath: string
  readonly system: ConfigFile | null
  readonly user: ConfigFile | null
  readonly managed: ConfigFile | null
  /** The config that device management sets; its path is the name of the preference. */
  readonly preferences: ConfigFile | null
  readonly requirements: Requirements | null
}

/**
 * Reads the sources of this machine, in the order in which the CLI does: the first that cannot be used is reported.
 *
 * @throws LayersError naming the file or the preference
 */
export async function readSystemSources(context: SystemContext): Promise<SystemSources> {
  return await new SystemReader(context).read()
}

type Step = LayerRules['readOrder'][number]

class SystemReader {
  readonly #context: SystemContext
  readonly #bytes = new Map<Step, Promise<Uint8Array | null>>()
  readonly #files = new Map<Step, ConfigFile>()
  readonly #done = new Set<Step>()
  readonly #limits: RequirementsLayer[] = []
  #preferences: ConfigFile | null = null
  #requirements: Requirements | null = null
  #asked: Promise<ManagedPreferences> | null = null

  constructor(context: SystemContext) {
    this.#context = context
    this.#limits.push(...context.requirements)
  }

  async read(): Promise<SystemSources> {
    const { readOrder } = this.#context.rules
    for (const step of readOrder) this.#start(step)
    for (const step of readOrder) await this.#take(step)
    return {
      systemPath: this.#pathOf('system') ?? '',
      system: this.#files.get('system') ?? null,
      user: this.#files.get('user') ?? null,
      managed: this.#files.get('managed') ?? null,
      preferences: this.#preferences,
      requirements: this.#requirements,
    }
  }

  /** All files are on their way at once; which fault is told is decided by the order in which they are taken. */
  #start(step: Step): void {
    const path = this.#pathOf(step)
    if (path !== null) this.#bytes.set(step, readAhead(path, this.#context.fs))
  }

  async #take(step: Step): Promise<void> {
    const path = this.#pathOf(step)
    if (path === null) return
    const bytes = await this.#bytes.get(step)
    const file = toConfigFile(path, bytes ?? null, this.#context.rules)
    if (file !== null) this.#files.set(step, file)
    if (step === 'managed') await this.#takeManaged(file)
    if (step === 'requirements') await this.#takeRequirements(file)
    this.#done.add(step)
    // A managed config is a source of requirements too, so they can be combined once both have been read.
    const isLast = (step === 'managed' || step === 'requirements') && this.#hasBoth()
    if (isLast) this.#requirements = await this.#compose()
  }

  #hasBoth(): boolean {
    return this.#done.has('managed') && this.#done.has('requirements')
  }

  #pathOf(step: Step): string | null {
    const { overrides, userFile } = this.#context
    switch (step) {
      case 'managed':
        return overrides.managedConfigPath ?? '/etc/codex/managed_config.toml'
      case 'system':
        return overrides.systemConfigPath ?? '/etc/codex/config.toml'
      case 'requirements':
        return overrides.requirementsPath ?? '/etc/codex/requirements.toml'
      case 'user':
        return userFile
      default:
        return null
    }
  }

  async #takeManaged(file: ConfigFile | null): Promise<void> {
    if (file !== null) this.#takeLegacy(file, { type: 'legacyManagedFile', file: file.path })
    this.#preferences = await this.#preference('config')
    if (this.#preferences !== null) {
      this.#takeLegacy(this.#preferences, {
        type: 'legacyManagedPreferences',
        domain: PREFERENCES_DOMAIN,
        key: PREFERENCE_KEYS.config,
      })
    }
  }

  #takeLegacy({ table, text }: ConfigFile, source: RequirementsSourceName): void {
    this.#limits.push(
      legacyRequirements({ source, table, text }, { rules: this.#context.rules.requirements }),
    )
  }

  async #takeRequirements(file: ConfigFile | null): Promise<void> {
    if (file !== null) this.#limits.push({ ...file, source: { type: 'system', file: file.path } })
    const preference = await this.#preference('requirements')
    if (preference === null) return
    const source = {
      type: 'managedPreferences',
      domain: PREFERENCES_DOMAIN,
      key: PREFERENCE_KEYS.requirements,
    } as const
    this.#limits.push({ ...preference, source })
  }

  async #preference(kind: keyof typeof PREFERENCE_KEYS): Promise<ConfigFile | null> {
    this.#asked ??= Promise.resolve(this.#context.overrides.managedPreferences ?? readManagedPreferences())
    const text = decodePreference(kind, (await this.#asked)[kind])
    if (text === null) return null
    const path = preferenceTitle(kind)
    return readIn(path, () => ({ path, text, table: readToml(text, this.#context.rules) }))
  }

  async #compose(): Promise<Requirements | null> {
    const { rules, overrides } = this.#context
    const hostName = needsHostName(this.#limits)
      ? await (overrides.hostName ?? machineHostName()).resolve()
      : null
    return composeRequirements(this.#limits, rules, hostName)
  }
}
