import type { ConfigFacts } from '#core/auth-sync-status.ts'
import { isAppError } from '#core/errors.ts'
import type { Runtime } from '#core/runtimes.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { LayersError } from '#layers/errors.ts'
import { readLayerText } from '#layers/layer-text.ts'
import { registeredProfile } from '#layers/runtimes/registered.ts'
import { layerPlace } from '#secrets/places.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { User } from '#store/users.ts'

/** Whose layer is looked at. */
export interface LayerRequest {
  readonly user: User
  readonly runtime: Runtime
  readonly config: ObjectOf<'UserRuntimeConfig'>
}

interface Kept {
  readonly sealed: string
  readonly format: string
  readonly layer: NonNullable<ConfigFacts['layer']>
}

/**
 * Says whether a user's own settings open and parse. Each stored version is opened once: what devices do is summed up again
 * and again, and nothing of that changes the settings. The text itself is not kept.
 */
export class LayerChecks {
  readonly #sealer: Sealer
  readonly #kept = new Map<string, Kept>()

  constructor(sealer: Sealer) {
    this.#sealer = sealer
  }

  /** @returns `null` when none are stored; never rejects for what is stored */
  async check(request: LayerRequest): Promise<ConfigFacts['layer']> {
    const { config, runtime } = request
    const name = `${config.metadata.namespace}/${config.metadata.name}`
    const layer = config.spec.config
    if (layer === undefined) return this.#forget(name)
    const { encryptedValue: sealed } = layer
    const format = runtime.spec.config?.format ?? layer.format
    const kept = this.#kept.get(name)
    if (kept?.sealed === sealed && kept.format === format) return kept.layer
    const checked = await this.#open(request, { sealed, format })
    this.#kept.set(name, { sealed, format, layer: checked })
    return checked
  }

  /** For a configuration that is gone. */
  drop(name: string): void {
    this.#kept.delete(name)
  }

  #forget(name: string): null {
    this.drop(name)
    return null
  }

  async #open(
    { user, config: { metadata } }: LayerRequest,
    { sealed, format }: { readonly sealed: string; readonly format: 'toml' | 'json' },
  ): Promise<Kept['layer']> {
    try {
      const text = await this.#sealer.open(sealed, layerPlace(user, metadata.name))
      readLayerText(text.open(), registeredProfile(metadata.name, format))
      return { isOpen: true, fault: null }
    } catch (error) {
      if (isAppError(error, 'DECRYPT_FAILED')) return { isOpen: false, fault: null }
      if (error instanceof LayersError) return { isOpen: true, fault: error.message }
      throw error
    }
  }
}
