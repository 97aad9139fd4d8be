import type { Socket } from 'socket.io'

import type { Principal } from '#api/principal.ts'

import type { KnownDevice } from './known-device.ts'
import { type Rate, spend } from './limits.ts'

/** Something that waits for an answer over a connection. */
export interface Waiting {
  /** The connection is gone, or no longer speaks for the device. */
  abandon(): void
}

/** One joined socket: who it is, which device it speaks for, and how much it has said lately. */
export class DeviceConnection {
  readonly socket: Socket
  readonly principal: Principal
  /** What it registered as last. Another connection may speak for that device by now. */
  device: KnownDevice | null = null
  inHand: Waiting | null = null
  refusedEvents = 0
  #eventsState = 0

  constructor(socket: Socket, principal: Principal) {
    this.socket = socket
    this.principal = principal
  }

  /** Counts an event; `false` when there are too many. */
  spendEvent(rate: Rate, nowMs: number): boolean {
    const next = spend(rate, this.#eventsState, { nowMs, cost: 1 })
    if (next === null) return false
    this.#eventsState = next
    return true
  }

  /** Gives up on whatever waits for an answer here. */
  abandon(): void {
    this.inHand?.abandon()
  }

  /** Says that it is over, and closes. The device does not come back by itself. */
  dismiss(): void {
    this.socket.disconnect(true)
  }
}
