import type { Clock } from '#core/clock.ts'
import { DEVICE_EVENTS } from '#protocol/register.ts'

import type { DeviceConnection } from './connection.ts'
import { type HeartbeatDeps, takeHeartbeat } from './heartbeat.ts'
import type { DeviceLimits } from './limits.ts'
import { registerDevice, type RegisterDeps } from './register.ts'
import { backlogOf, cut } from './socket-internals.ts'

/** What handling a device's events needs. */
export interface EventDeps extends RegisterDeps, HeartbeatDeps {
  readonly clock: Clock
  readonly limits: DeviceLimits
}

const DONE = { success: true }
const TOO_MANY = { error: 'Too many events: slow down' }

/** Answers that a device may leave unread before its socket is closed. */
const MAX_BACKLOG = 512

/** Handles one event, whatever a client has put into it, and answers it if it asked for an answer. */
export function handleEvent(connection: DeviceConnection, args: readonly unknown[], deps: EventDeps): void {
  if (!connection.socket.connected) return
  const last = args.at(-1)
  const answer = typeof last === 'function' ? last : null
  const reply = replyTo(connection, args, deps)
  if (answer === null) return
  if (backlogOf(connection.socket.conn) > MAX_BACKLOG) return hangUp(connection, deps)
  answer(reply)
}

function replyTo(connection: DeviceConnection, args: readonly unknown[], deps: EventDeps): object {
  if (!connection.spendEvent(deps.limits.eventsPerDevice, deps.clock.monotonic())) {
    return refuseEvent(connection, deps)
  }
  switch (args[0]) {
    case DEVICE_EVENTS.heartbeat:
      return takeHeartbeat(connection, args[1], deps)
    case DEVICE_EVENTS.register:
      return registerDevice(connection, args[1], deps)
    default:
      return DONE
  }
}

function refuseEvent(connection: DeviceConnection, { limits, metrics }: EventDeps): object {
  metrics.countRefused('rate')
  connection.refusedEvents += 1
  if (connection.refusedEvents > limits.refusedEvents) cut(connection.socket.conn)
  return TOO_MANY
}

// It asks and never reads: what waits for it would grow without end.
function hangUp(connection: DeviceConnection, { metrics }: EventDeps): void {
  metrics.countRefused('backlog')
  cut(connection.socket.conn)
}
