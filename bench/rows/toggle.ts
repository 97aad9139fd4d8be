import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { writeDurably } from '#bench/load/disk.ts'
import { heartbeat, loadUser, openFleet, writtenAnswer } from '#bench/load/fleet.ts'
import { startPinned } from '#bench/pinned.ts'
import { type Measured, median, quantile, type Row, type RunSetting } from '#bench/row.ts'

const DEVICES = 1000
const SETTLE_MS = 3000
const PATIENCE_MS = 60_000
const CODEX = '/users/me/runtime-configs/codex'

/** From the toggle to the complete file on each of a thousand online devices of one user, the server on one core. */
export const toggle: Row = {
  name: 'toggle',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-files-'))
    const server = await startPinned('ours', { pinned })
    const { token, client } = await loadUser(server, 'toggle')
    await client.call({
      method: 'POST',
      path: `${CODEX}/auth-json`,
      body: { auth_json: '{"token":"of-the-benchmark"}' },
    })
    progress(`toggle: ${DEVICES} devices connect`)
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
    progress('toggle: switched on')
    const startedAt = performance.now()
    await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true } })
    while (doneAt.length < DEVICES && performance.now() - startedAt < PATIENCE_MS) await sleep(20)
    const took = doneAt.map((at) => at - startedAt)
    for (const device of devices) device.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
    return [
      {
        name: 'toggle → file on 1 000 online devices, p99',
        unit: 'ms',
        ours: doneAt.length < DEVICES ? PATIENCE_MS : quantile(took, 0.99),
        floor: null,
        floorName: null,
        target: { of: 'value', bound: 'atMost', limit: 2000 },
        more: { devices: DEVICES, written: doneAt.length, medianMs: median(took) },
      },
    ]
  },
}
