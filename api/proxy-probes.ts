import type { DeviceKey } from '#core/device-command.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import type { ProxyProbeView } from '#protocol/device.ts'

import { RecentlyUsed } from './recently-used.ts'

type Proxy = ObjectOf<'UserProxyConfig'> | undefined

interface Kept {
  readonly sealed: string
  readonly probe: ProxyProbeView
}

const MAX_KEPT = 10_000

/**
 * Remembers what each device found when it tried its user's proxy last, until this process ends.
 *
 * Kept under the ciphertext that was opened for the try, like an opened proxy: of another proxy, or the same saved anew,
 * nothing is known yet.
 */
export class ProxyProbes {
  readonly #kept: RecentlyUsed<Kept>

  constructor(maxKept = MAX_KEPT) {
    this.#kept = new RecentlyUsed(maxKept)
  }

  /** Takes the place of what the device found before. `proxy`: as it was when the device was asked. */
  remember(device: DeviceKey, proxy: Proxy, probe: ProxyProbeView): void {
    const sealed = sealedOf(proxy)
    if (sealed !== undefined) this.#kept.set(nameOf(device), { sealed, probe })
  }

  /** Gives what the device found; `null` when it did not try the proxy as it is saved now. */
  find(device: DeviceKey, proxy: Proxy): ProxyProbeView | null {
    const kept = this.#kept.get(nameOf(device))
    return kept !== undefined && kept.sealed === sealedOf(proxy) ? kept.probe : null
  }
}

function sealedOf(proxy: Proxy): string | undefined {
  return proxy?.spec.proxy?.encryptedUrl
}

function nameOf({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}
