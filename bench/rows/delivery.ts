import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { removeFile, writeDurably } from '#bench/load/disk.ts'
import { heartbeat, loadUser, openFleet, writtenAnswer } from '#bench/load/fleet.ts'
import type { RawDevice } from '#bench/load/raw-device.ts'
import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import { type Measured, median, quantile, type Row, type RunSetting } from '#bench/row.ts'

const SAMPLES = 500
const WARM_UP = 50
// A device gets at most twenty commands in a row, so the samples take turns.
const DEVICES = 55
const CODEX = '/users/me/runtime-configs/codex'

/** From a heartbeat that says `missing` to the complete, durable file, against a bare command round trip with the same write. */
export const delivery: Row = {
  name: 'delivery',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-files-'))
    const ours = await startPinned('ours', { pinned })
    const bare = await startPinned('bare-sockets', { pinned })
    const { token, client } = await loadUser(ours, 'delivery')
    await client.call({
      method: 'POST',
      path: `${CODEX}/auth-json`,
      body: { auth_json: '{"token":"of-the-benchmark"}' },
    })
    await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
    const [oursFleet, bareFleet] = [await openAll(ours, token), await openAll(bare, token)]
    const samples = { ours: [] as number[], bare: [] as number[] }
    for (let at = 0; at < SAMPLES + WARM_UP; at += 1) {
      if (at % 100 === 0) progress(`delivery: ${at} of ${SAMPLES + WARM_UP}`)
      const bareMs = await deliverOnce(bareFleet, at % DEVICES, folder)
      const oursMs = await deliverOnce(oursFleet, at % DEVICES, folder)
      if (at < WARM_UP) continue
      samples.bare.push(bareMs)
      samples.ours.push(oursMs)
    }
    for (const device of [...oursFleet, ...bareFleet]) device.close()
    await Promise.all([ours.stop(), bare.stop()])
    await rm(folder, { recursive: true, force: true })
    return [
      {
        name: 'heartbeat says missing → file complete on the device, p99',
        unit: 'ms',
        ours: quantile(samples.ours, 0.99),
        floor: quantile(samples.bare, 0.99),
        floorName: 'bare command round trip + the same write',
        target: { of: 'ratio', bound: 'atMost', limit: 2 },
        more: { oursMedianMs: median(samples.ours), floorMedianMs: median(samples.bare), samples: SAMPLES },
      },
    ]
  },
}

async function openAll(server: PinnedServer, token: string): Promise<readonly RawDevice[]> {
  const devices = await openFleet(server.address, {
    count: DEVICES,
    prefix: 'delivery',
    tokenOf: () => token,
  })
  await Promise.all(
    devices.map((device, at) => device.ask('device:heartbeat', heartbeat(`delivery-${at}`, true))),
  )
  return devices
}

async function deliverOnce(fleet: readonly RawDevice[], at: number, folder: string): Promise<number> {
  const device = fleet[at]
  if (device === undefined) throw new Error('expected a device')
  const complete = new Promise<number>((resolve) => {
    device.onCommand(async () => {
      await writeDurably(folder, 'auth.json')
      resolve(performance.now())
      return writtenAnswer()
    })
  })
  const startedAt = performance.now()
  device.tell('device:heartbeat', heartbeat(`delivery-${at}`, false))
  const took = (await complete) - startedAt
  await removeFile(folder, 'auth.json')
  // The proof of this round, which also lets the next one begin from a device in sync.
  await device.ask('device:heartbeat', heartbeat(`delivery-${at}`, true))
  await settled()
  return took
}

// The answer to the command and the proof are handled before the next sample starts.
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5))
}
