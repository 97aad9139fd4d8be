import type { Socket } from 'socket.io'

import type { Logger } from '#api/logger.ts'
import type { Principal } from '#api/principal.ts'
import type { Clock } from '#core/clock.ts'
import { AppError, type ErrorCode } from '#core/errors.ts'

import { type DeviceLimits, spend } from './limits.ts'
import type { DeviceMetrics } from './metrics.ts'
import type { DeviceAuthenticator } from './ports.ts'

interface AdmissionOptions {
  readonly authenticator: DeviceAuthenticator
  readonly clock: Clock
  readonly limits: DeviceLimits
  readonly metrics: DeviceMetrics
  readonly logger: Logger
}

/** Decides which sockets may join, from the token alone and how often its user connects. */
export class Admission {
  readonly #options: AdmissionOptions
  /** State of {@link spend} per user that connected lately. */
  readonly #connects = new Map<string, number>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Gives who the socket belongs to, or the words it is refused with; never a word of the token. */
  async admit(socket: Socket): Promise<Principal | string> {
    try {
      const principal = await this.#options.authenticator.authenticate(tokenOf(socket))
      if (!isForDevices(principal)) return this.#refuse('token does not allow connecting a device')
      return this.#countConnect(principal) ? principal : this.#refuseCrowd()
    } catch (error) {
      // The refusal is the answer to this client: there is no request whose boundary could word it.
      if (error instanceof AppError && REFUSALS.has(error.code)) return this.#refuse(error.message)
      this.#options.logger.error({ err: error }, 'token of a device could not be checked')
      return 'token cannot be checked at the moment; try again later'
    }
  }

  #refuse(reason: string): string {
    this.#options.metrics.countRefused('token')
    return reason
  }

  #refuseCrowd(): string {
    this.#options.metrics.countRefused('connects')
    return 'too many connections of this user; try again later'
  }

  #countConnect({ user }: Principal): boolean {
    const nowMs = this.#options.clock.monotonic()
    if (this.#connects.size > MAX_REMEMBERED) this.#forgetRested(nowMs)
    const next = spend(this.#options.limits.connectsPerUser, this.#connects.get(user.id) ?? 0, {
      nowMs,
      cost: 1,
    })
    if (next !== null) this.#connects.set(user.id, next)
    return next !== null
  }

  #forgetRested(nowMs: number): void {
    for (const [user, state] of this.#connects) if (state <= nowMs) this.#connects.delete(user)
  }
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED', 'FORBIDDEN'])
const MAX_REMEMBERED = 10_000

function tokenOf(socket: Socket): string {
  const token: unknown = socket.handshake.auth['token']
  return typeof token === 'string' ? token : ''
}

function isForDevices({ scopes }: Principal): boolean {
  return scopes.has('device') || scopes.has('user')
}
