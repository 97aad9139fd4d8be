import { setTimeout as sleep } from 'node:timers/promises'

import { heartbeat, loadUser, openFleet } from '#bench/load/fleet.ts'
import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import type { Measured, Row, RunSetting } from '#bench/row.ts'

const DEVICES = 3000
const SETTLE_MS = 3000

/** Resident memory per connected idle device, against the bare server. */
export const memory: Row = {
  name: 'memory',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const ours = await startPinned('ours', { pinned })
    const users = await Promise.all(
      Array.from({ length: 30 }, (_unused, at) => loadUser(ours, `memory-${at}`)),
    )
    const tokenOf = (at: number): string => users[at % users.length]?.token ?? ''
    progress(`memory: ${DEVICES} devices on ours`)
    const oursBytes = await bytesPerDevice(ours, tokenOf)
    const bare = await startPinned('bare-sockets', { pinned })
    progress(`memory: ${DEVICES} devices on the bare server`)
    const bareBytes = await bytesPerDevice(bare, tokenOf)
    await Promise.all([ours.stop(), bare.stop()])
    return [
      {
        name: 'memory per connected idle device',
        unit: 'KiB',
        ours: oursBytes / 1024,
        floor: bareBytes / 1024,
        floorName: 'bare Socket.IO server',
        target: { of: 'ratio', bound: 'atMost', limit: 1.5 },
        more: { devices: DEVICES },
      },
    ]
  },
}

async function bytesPerDevice(server: PinnedServer, tokenOf: (at: number) => string): Promise<number> {
  // The first hundred bring code and pools to life; what they cost is not the price of a device.
  const first = await openFleet(server.address, { count: 100, prefix: 'warm', tokenOf })
  await sleep(SETTLE_MS)
  const before = await server.settledUsage()
  const devices = await openFleet(server.address, { count: DEVICES, prefix: 'idle', tokenOf })
  await Promise.all(
    devices.map((device, at) => device.ask('device:heartbeat', heartbeat(`idle-${at}`, true))),
  )
  await sleep(SETTLE_MS)
  const after = await server.settledUsage()
  for (const device of [...first, ...devices]) device.close()
  return (after.rssBytes - before.rssBytes) / DEVICES
}
