import { createHash, hkdfSync } from 'node:crypto'

import type { DeviceKey } from '#core/device-command.ts'
import { Secret } from '#core/secret.ts'

import type { Keyring } from './keyring.ts'

/** Derives the key under which one device's agent reports digests. */
export interface DeviceKeys {
  /** 64 lower-case hex characters; always the same for a device of this installation, also after keys rotated. */
  deviceKey(device: DeviceKey): Secret<string>
}

const PURPOSE = 'runtime-config-operator/device-key/v1'
const KEY_BYTES = 32

/** Makes the device keys of a keyring: HKDF-SHA-256 of its device seed. */
export function createDeviceKeys(keyring: Pick<Keyring, 'deviceSeed'>): DeviceKeys {
  return {
    deviceKey: (device) => {
      const bytes = hkdfSync('sha256', keyring.deviceSeed, '', contextOf(device), KEY_BYTES)
      return new Secret(Buffer.from(bytes).toString('hex'))
    },
  }
}

// JSON keeps the border between the two names; hashed, because HKDF takes at most 1024 bytes of context.
function contextOf({ namespace, deviceId }: DeviceKey): Buffer {
  const names = createHash('sha256')
    .update(JSON.stringify([namespace, deviceId]))
    .digest()
  return Buffer.concat([Buffer.from(PURPOSE), names])
}
