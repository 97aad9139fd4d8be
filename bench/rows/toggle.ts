import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { writeDurably } from '#bench/load/disk.ts'
import { heartbeat, loadUser, openFleet, writtenAnswer } from '#bench/load/fleet.ts'
import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import { type Measured, median, quantile, type Row, type RunSetting } from '#bench/row.ts'

const DEVICES = 1000
const PATIENCE_MS = 60_000
const SETTLE_MS = 3000
const CODEX = '/users/me/runtime-configs/codex'

/** From the toggle to the complete file on each of a thousand online devices of one user, the server on one core. */
export const toggle: Row = {
  name: 'toggle',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const server = await startPinned('ours', { pinned })
    const took = await toggleOnce(server, (line) => progress(`toggle: ${line}`))
    await server.stop()
    return [toMeasured('toggle → file on 1 000 online devices, p99', took, 2000)]
  },
}

/** What a toggle took, in ms for each device that got the file, as a row that must stay below a limit. */
export function toMeasured(name: string, took: readonly number[], limit: number): Measured {
  return {
    name,
    unit: 'ms',
    ours: took.length < DEVICES ? PATIENCE_MS : quantile(took, 0.99),
    floor: null,
    floorName: null,
    target: { of: 'value', bound: 'atMost', limit },
    more: { devices: DEVICES, written: took.length, medianMs: median(took) },
  }
}

/** Connects the devices, turns the switch and gives for each device that got the file how long it took, in ms. */
export async function toggleOnce(
  server: PinnedServer,
  progress: (line: string) => void,
): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-files-'))
  const { token, client } = await loadUser(server, 'toggle')
  await client.call({
    method: 'POST',
    path: `${CODEX}/auth-json`,
    body: { auth_json: '{"token":"of-the-benchmark"}' },
  })
  progress(`${DEVICES} devices connect`)
  const devices = await openFleet(server.address, {
    count: DEVICES,
    prefix: 'toggle',
    tokenOf: () => token,
  })
  const doneAt: number[] = []
  devices.forEach((device, at) => {
    device.onCommand(async () => {
      await writeDurably(folder, `${at}.json`)
      doneAt.push(performance.now())
      // As an agent does: the proof follows the answer at once.
      setImmediate(() => device.tell('device:heartbeat', heartbeat(`toggle-${at}`, true)))
      return writtenAnswer()
    })
  })
  await Promise.all(
    devices.map((device, at) => device.ask('device:heartbeat', heartbeat(`toggle-${at}`, false))),
  )
  await sleep(SETTLE_MS)
  progress('switched on')
  const startedAt = performance.now()
  await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
  while (doneAt.length < DEVICES && performance.now() - startedAt < PATIENCE_MS) await sleep(20)
  for (const device of devices) device.close()
  await rm(folder, { recursive: true, force: true })
  return doneAt.map((at) => at - startedAt)
}
