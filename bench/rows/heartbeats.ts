import { setTimeout as sleep } from 'node:timers/promises'

import { heartbeat, loadUser, openFleet } from '#bench/load/fleet.ts'
import { heartbeatFrame, type RawDevice } from '#bench/load/raw-device.ts'
import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import { median, type Measured, type Row, type RunSetting } from '#bench/row.ts'

const DEVICES = 200
const IN_FLIGHT = 8
const WARM_UP_MS = 1500
const ROUND_MS = 2000
const ROUNDS = 5

/** Heartbeats handled per second of one core while nothing changes, against a server that only acknowledges. */
export const heartbeats: Row = {
  name: 'heartbeats',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    // Rounds alternate between the two servers, so that a slow moment of the machine touches both alike.
    const ours = await startPinned('ours', { pinned })
    const bare = await startPinned('bare-sockets', { pinned })
    const { token } = await loadUser(ours, 'load')
    const oursFlood = await startFlood(ours, token)
    const bareFlood = await startFlood(bare, token)
    const rates = { ours: [] as number[], bare: [] as number[] }
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`heartbeats: round ${round + 1} of ${ROUNDS}`)
      rates.bare.push(await bareFlood.rate())
      rates.ours.push(await oursFlood.rate())
    }
    oursFlood.close()
    bareFlood.close()
    await Promise.all([ours.stop(), bare.stop()])
    return [
      {
        name: 'heartbeats handled per second, one core, nothing changed',
        unit: '/s',
        ours: median(rates.ours),
        floor: median(rates.bare),
        floorName: 'bare Socket.IO server that only acknowledges',
        target: { of: 'ratio', bound: 'atLeast', limit: 0.7 },
        more: { devices: DEVICES, rounds: ROUNDS },
      },
    ]
  },
}

interface Flood {
  /** Heartbeats per second of processor time in one round. */
  rate(): Promise<number>
  close(): void
}

async function startFlood(server: PinnedServer, token: string): Promise<Flood> {
  const devices = await openFleet(server.address, { count: DEVICES, prefix: 'load', tokenOf: () => token })
  let handled = 0
  let flowing = false
  const flows = devices.map((device, at) =>
    makeFlow(device, heartbeatFrame(heartbeat(`load-${at}`, true)), () => {
      handled += 1
      return flowing
    }),
  )
  return {
    async rate() {
      flowing = true
      for (const flow of flows) flow()
      await sleep(WARM_UP_MS)
      const [before, from] = [await server.usage(), handled]
      await sleep(ROUND_MS)
      const [after, to] = [await server.usage(), handled]
      flowing = false
      await sleep(300)
      return ((to - from) * 1000) / (after.cpuMs - before.cpuMs)
    },
    close: () => devices.forEach((device) => device.close()),
  }
}

// Keeps IN_FLIGHT heartbeats of one device on the way: each acknowledgement sends the next.
function makeFlow(device: RawDevice, frame: Buffer, onHandled: () => boolean): () => void {
  const send = (): void =>
    device.flood(frame, () => {
      if (onHandled()) send()
    })
  return () => {
    for (let sent = 0; sent < IN_FLIGHT; sent += 1) send()
  }
}
