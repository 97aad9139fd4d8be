import { AppError } from '#core/errors.ts'

import type { CommandAuthority, DeviceChannel } from './ports.ts'

/** For a process that is alone. */
export const ALWAYS: CommandAuthority = { isHeld: true }

/**
 * Refuses while a replica may not act, for it lost its Lease: another may speak with its devices by now.
 *
 * @throws AppError `STORE_UNAVAILABLE`
 */
export function requireAuthority({ isHeld }: CommandAuthority): void {
  if (isHeld) return
  throw new AppError(
    'STORE_UNAVAILABLE',
    'this replica could not renew its Lease and sends no command until it could; try again later',
  )
}

/**
 * A way to devices that carries commands only while authority is held, which is asked when a command is handed over. Who keeps
 * commands in a line of its own asks again when one leaves it.
 */
export function withAuthority(channel: DeviceChannel, authority: CommandAuthority): DeviceChannel {
  return {
    send: async (device, command) => {
      requireAuthority(authority)
      return channel.send(device, command)
    },
  }
}
