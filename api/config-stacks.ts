import { AppError, isAppError } from '#core/errors.ts'
import { managedConfigsOf } from '#core/managed-config.ts'
import type { Runtime } from '#core/runtimes.ts'
import { Secret } from '#core/secret.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'
import { type ManagedTexts, stackOfTexts } from '#layers/stack-of-texts.ts'
import type { ConfigLayerStack } from '#layers/stack/stack.ts'
import { layerPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'

import { toUnusable } from './config-faults.ts'

/** What opening needs, and what to call when a stored value does not open or parse. */
export interface ConfigStacksDeps {
  readonly sealer: Sealer
  readonly onUnopened: () => void
  /** How many characters of text the stacks in memory are made of. Default 16 Mi. */
  readonly maxCharacters?: number
}

/** What the layers of one user and runtime are made of. */
export interface ConfigSources {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'> | undefined
  /** All of the installation: which of them apply is found out here. */
  readonly managed: readonly ObjectOf<'ManagedRuntimeConfig'>[]
}

/** A user's layers of one runtime, opened and read. */
export interface OpenedConfig {
  readonly profile: RuntimeProfile
  /** What the user layer is called. */
  readonly userFile: string
  /** The user layer as its user wrote it; empty: nothing is stored. */
  readonly userText: Secret<string>
  readonly managed: readonly ManagedTexts[]
  readonly stack: ConfigLayerStack
}

interface Kept {
  readonly sealed: string | undefined
  /** Of everything else that it was made of. */
  readonly version: string
  readonly characters: number
  /** The same for everybody who asks until something is stored; a failure too. */
  readonly opened: OpenedConfig | AppError
}

/** Largest text of a user layer, in UTF-8. */
export const MAX_CONFIG_BYTES = 262_144

const MAX_CHARACTERS = 16 * 1024 * 1024

/** What a stack costs besides its texts. */
const OVERHEAD_CHARACTERS = 1024

/**
 * Opens users' layers, each stored version once: reading them costs more than everything else an enrichment does.
 *
 * What is kept goes by the ciphertext and by the managed configurations it was made of, so a change shows at once.
 */
export class ConfigStacks {
  readonly #deps: ConfigStacksDeps
  readonly #kept = new Map<string, Kept>()
  #characters = 0

  constructor(deps: ConfigStacksDeps) {
    this.#deps = deps
  }

  /**
   * Rejects with `CONFIG_UNSUPPORTED` (the runtime says no config file), `DECRYPT_FAILED` or `CONFIG_UNUSABLE` (what is
   * stored does not parse; the message names whose text and where).
   */
  async open(sources: ConfigSources): Promise<OpenedConfig> {
    const { user, runtime } = sources
    const name = `${user.namespace}/${runtime.metadata.name}`
    const managed = managedConfigsOf(sources.managed, { user, runtime: runtime.metadata.name })
    const sealed = sources.config?.spec.config?.encryptedValue
    const version = versionOf(runtime, managed)
    const kept = this.#kept.get(name)
    const isCurrent = kept?.version === version && kept.sealed === sealed
    const opened = isCurrent ? kept.opened : await this.#read(sources, managed)
    this.#keep(name, { sealed, version, opened, characters: charactersOf(opened) })
    if (opened instanceof AppError) throw opened
    return opened
  }

  async #read(sources: ConfigSources, managed: ConfigSources['managed']): Promise<OpenedConfig | AppError> {
    const { runtime } = sources
    const file = configFileOf(runtime)
    if (file instanceof AppError) return file
    const userText = await this.#unseal(sources)
    if (userText instanceof AppError) return userText
    const texts = managed.map(textsOf)
    const parts = { profile: registeredProfile(runtime.metadata.name, file.format), userFile: file.path }
    try {
      const stack = stackOfTexts({ ...parts, userText: userText.open(), managed: texts })
      return { ...parts, userText, managed: texts, stack }
    } catch (error) {
      const unusable = toUnusable(error)
      this.#deps.onUnopened()
      return unusable
    }
  }

  async #unseal({ user, runtime, config }: ConfigSources): Promise<Secret<string> | AppError> {
    const sealed = config?.spec.config?.encryptedValue
    if (sealed === undefined) return NOTHING
    try {
      return await this.#deps.sealer.open(sealed, layerPlace(user, runtime.metadata.name))
    } catch (error) {
      if (!isAppError(error, 'DECRYPT_FAILED')) throw error
      this.#deps.onUnopened()
      return error
    }
  }

  #keep(name: string, kept: Kept): void {
    this.#drop(name)
    this.#kept.set(name, kept)
    this.#characters += kept.characters
    const limit = this.#deps.maxCharacters ?? MAX_CHARACTERS
    // A map keeps the order of insertion, so the first is the one that nobody has asked for the longest.
    for (const [oldest] of this.#kept) {
      if (this.#characters <= limit || oldest === name) return
      this.#drop(oldest)
    }
  }

  #drop(name: string): void {
    this.#characters -= this.#kept.get(name)?.characters ?? 0
    this.#kept.delete(name)
  }
}

const NOTHING = new Secret('')

/** The config file of a runtime, or why it has none: `CONFIG_UNSUPPORTED`. */
export function configFileOf({ metadata, spec }: Runtime): NonNullable<Runtime['spec']['config']> | AppError {
  if (spec.config !== undefined) return spec.config
  const message = `${spec.displayName} has no config file here: the Runtime ${metadata.name} has no spec.config`
  return new AppError('CONFIG_UNSUPPORTED', message)
}

/** The texts of a managed configuration, as a stack takes them. */
export function textsOf({
  metadata,
  spec,
}: Pick<ObjectOf<'ManagedRuntimeConfig'>, 'metadata' | 'spec'>): ManagedTexts {
  const { config, requirements } = spec
  return {
    name: metadata.name,
    ...(config !== undefined && { config }),
    ...(requirements !== undefined && { requirements }),
  }
}

function versionOf(runtime: Runtime, managed: ConfigSources['managed']): string {
  return [runtime, ...managed].map(({ metadata: { uid, generation } }) => `${uid}/${generation}`).join(' ')
}

function charactersOf(opened: OpenedConfig | AppError): number {
  if (opened instanceof AppError) return OVERHEAD_CHARACTERS
  const texts = opened.managed.flatMap(({ config = '', requirements = '' }) => [config, requirements])
  const characters = texts.reduce((sum, text) => sum + text.length, opened.userText.open().length)
  return characters + OVERHEAD_CHARACTERS
}
