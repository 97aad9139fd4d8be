import { fleetCommands } from '#api/peers/fleet-commands.ts'
import { openPeers, type PeersOptions } from '#api/peers/peers.ts'
import type { Settings } from '#cli/resolve-settings.ts'

import { aloneFleet } from './alone-fleet.ts'
import type { Fleet, FleetParts } from './foundation.ts'
import { type FrontDoor, openFrontDoor } from './front-door.ts'

/** What speaking with other replicas stands on, besides what this one has. */
export interface FleetOptions extends Omit<PeersOptions, 'sealer' | 'tokenFile'> {
  readonly settings: Settings
}

/** Speaks with the other replicas, if the settings say how; the token never leaves for anybody else. */
export function openFleet(parts: FleetParts, { settings, ...options }: FleetOptions): Fleet {
  const { 'peer-listen': address, 'peer-token-file': tokenFile } = settings
  if (address === 'none' || tokenFile === 'none') return aloneFleet(parts)
  const { gateway, sealer, devices } = parts
  const peers = openPeers({ ...options, sealer, tokenFile })
  const { replica } = options
  let door: FrontDoor | null = null
  return {
    commands: fleetCommands(gateway.channel, {
      replica,
      directory: gateway.reports,
      devices,
      peers: peers.client,
    }),
    peers: peers.client,
    answer: async (authSync) => {
      door = await openFrontDoor(address, '--peer-listen')
      door.open(peers.serve({ commands: gateway.channel, authSync }))
    },
    close: () => door?.close(),
    drain: async () => {
      await door?.drain()
      peers.close()
    },
  }
}
