import type { Clock } from '#core/clock.ts'
import type { DeviceKey } from '#core/device-command.ts'

/** So many commands a device may get in a row: every runtime of a user at once, and again after an upload. */
const BURST = 20

/** Beyond the burst: one in so many ms. */
const REFILL_MS = 6_000

/**
 * Bounds what one device can make the operator do. A device whose report flips to and fro would otherwise get a command with
 * each heartbeat, for every change starts the back-off anew.
 */
export class DeviceBudget {
  readonly #clock: Clock
  /** When each device's budget is full again, monotonic ms. Only those that spent something. */
  readonly #fullAt = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the time until a command may be sent, in ms; 0: now. */
  waitMs(device: DeviceKey): number {
    const spentMs = (this.#fullAt.get(toText(device)) ?? 0) - this.#clock.monotonic()
    return Math.max(0, spentMs - (BURST - 1) * REFILL_MS)
  }

  /** Spends one command. */
  take(device: DeviceKey): void {
    const now = this.#clock.monotonic()
    const text = toText(device)
    this.#fullAt.set(text, Math.max(now, this.#fullAt.get(text) ?? 0) + REFILL_MS)
    if (this.#fullAt.size % 1_000 === 0) this.#forgetFull(now)
  }

  #forgetFull(now: number): void {
    for (const [text, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(text)
  }
}

function toText({ namespace, deviceId }: DeviceKey): string {
  return `${namespace}/${deviceId}`
}
