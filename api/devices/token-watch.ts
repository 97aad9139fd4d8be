import type { Logger } from '#api/logger.ts'
import type { Clock } from '#core/clock.ts'

import type { DeviceConnection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { DeviceAuthenticator } from './ports.ts'

interface TokenWatchOptions {
  readonly authenticator: DeviceAuthenticator
  readonly clock: Clock
  readonly logger: Logger
  readonly recheckMs: number
}

/** Looks at the tokens of connected sockets again and again, and dismisses those that are no longer good. */
export class TokenWatch {
  readonly #options: TokenWatchOptions
  readonly #due: Deadlines<DeviceConnection>

  constructor(options: TokenWatchOptions) {
    this.#options = options
    this.#due = new Deadlines(options.clock, options.recheckMs, (connection) => void this.check(connection))
  }

  watch(connection: DeviceConnection): void {
    this.#due.touch(connection)
  }

  forget(connection: DeviceConnection): void {
    this.#due.drop(connection)
  }

  /** Looks at one token now. Resolves `false` after dismissing its socket. */
  async check(connection: DeviceConnection): Promise<boolean> {
    const isGood = await this.#isGood(connection)
    if (!isGood) this.#dismiss(connection)
    else if (connection.socket.connected) this.#due.touch(connection)
    return isGood && connection.socket.connected
  }

  close(): void {
    this.#due.clear()
  }

  async #isGood({ principal }: DeviceConnection): Promise<boolean> {
    try {
      return await this.#options.authenticator.recheck(principal)
    } catch (error) {
      // A store that is away for a minute is no reason to lose every device.
      this.#options.logger.warn({ err: error }, 'token of a connected device could not be checked')
      return true
    }
  }

  #dismiss(connection: DeviceConnection): void {
    const { user, tokenId } = connection.principal
    const device = connection.device?.key.deviceId
    this.#options.logger.info(
      { user: user.id, device, token: tokenId },
      'device dismissed: token is no longer good',
    )
    connection.dismiss()
  }
}
