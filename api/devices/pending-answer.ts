import type { CancelTimer, Clock } from '#core/clock.ts'
import type { CommandKey } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { COMMAND_TIMEOUT_SECONDS } from '#protocol/command.ts'

import type { Waiting } from './connection.ts'

/** What a device gets on top of its own limit before it counts as not answering (spec 04). */
const SPARE_SECONDS = 5

interface PendingOptions {
  readonly device: string
  readonly key: CommandKey
  readonly clock: Clock
  /** What the device has said so far. */
  readonly heard: { readonly heartbeatCount: number }
}

/** Waits for a device's answer to one command. The first of answer, time limit and lost connection counts; later ones do not. */
export class PendingAnswer implements Waiting {
  /** Whatever the device sent. Rejects with `DEVICE_TIMEOUT`. */
  readonly answer: Promise<unknown>
  /** Takes the ack; bound, safe to call at any time. */
  readonly take: (answer: unknown) => void
  /** Heartbeats that came before the answer; the next one proves what it says. */
  heartbeatCount = 0
  readonly #options: PendingOptions
  readonly #reject: (error: AppError) => void
  readonly #cancel: CancelTimer

  constructor(options: PendingOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const seconds = COMMAND_TIMEOUT_SECONDS + SPARE_SECONDS
    this.#options = options
    this.#reject = reject
    this.#cancel = options.clock.after(seconds * 1000, () => this.#giveUp(seconds))
    this.answer = promise
    this.take = (answer) => {
      this.#cancel()
      // Now, not when whoever waits gets to it: the proof may have come in the same breath.
      this.heartbeatCount = options.heard.heartbeatCount
      resolve(answer)
    }
  }

  abandon(): void {
    const { device, key } = this.#options
    this.#cancel()
    this.#reject(
      new AppError('DEVICE_TIMEOUT', `Device '${device}' disconnected before it answered '${key}'`),
    )
  }

  #giveUp(seconds: number): void {
    const { device, key } = this.#options
    const message = `Command RPC timed out after ${seconds} seconds while waiting for device '${device}' to answer '${key}'`
    this.#reject(new AppError('DEVICE_TIMEOUT', message))
  }
}
