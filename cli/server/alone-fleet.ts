import type { Fleet, FleetParts } from './foundation.ts'

/** For a process that has no others, or is told of none. */
export function aloneFleet({ gateway }: Pick<FleetParts, 'gateway'>): Fleet {
  return { commands: gateway.channel, answer: async () => {}, close: () => undefined, drain: async () => {} }
}
