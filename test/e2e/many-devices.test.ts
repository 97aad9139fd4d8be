import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { heartbeat, openFleet } from '#bench/load/fleet.ts'
import type { RawDevice } from '#bench/load/raw-device.ts'
import { eventually, type Installation, startInstallation } from '#test/support/installation.ts'

const DEVICES = 2000
const USERS = 20
const ROUNDS = 5

describe('two thousand devices on one server', () => {
  let installation: Installation
  let fleet: readonly RawDevice[] = []

  beforeAll(async () => {
    installation = await startInstallation(['--log-level', 'warn'])
    const tokens = await Promise.all(
      Array.from({ length: USERS }, (_unused, at) => installation.token(`user-${at}`)),
    )
    const tokenOf = (at: number): string => tokens[at % USERS] ?? ''
    fleet = await openFleet(installation.address(), { count: DEVICES, prefix: 'idle', tokenOf })
    await beat(fleet)
  })

  afterAll(async () => {
    for (const device of fleet) device.close()
    await installation.close()
  })

  it('heartbeat without one queue entry or one write while nothing changes', async () => {
    await eventually(
      'every device to be known to the store',
      async () => countDevices(installation) === DEVICES,
    )
    const before = await quiet(installation)
    for (let round = 0; round < ROUNDS; round += 1) await beat(fleet)
    const after = await measure(installation)
    expect({ ...after, heartbeats: after.heartbeats - before.heartbeats }).toEqual({
      ...before,
      heartbeats: DEVICES * ROUNDS,
    })
  })
})

interface Counters {
  readonly heartbeats: number
  readonly queueAdds: number
  readonly storeVersion: number
}

async function beat(fleet: readonly RawDevice[]): Promise<void> {
  await Promise.all(fleet.map((device, at) => device.ask('device:heartbeat', heartbeat(`idle-${at}`, true))))
}

// Registrations leave work behind that is still being done; the measurement begins when it is.
async function quiet(installation: Installation): Promise<Counters> {
  let last = await measure(installation)
  return eventually('the server to be quiet', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const now = await measure(installation)
    const isQuiet = now.storeVersion === last.storeVersion && now.queueAdds === last.queueAdds
    last = now
    return isQuiet ? now : null
  })
}

async function measure(installation: Installation): Promise<Counters> {
  const text = await (await fetch(`${installation.address()}/metrics`)).text()
  return {
    heartbeats: sumOf(text, 'runtimeconfig_heartbeats_total'),
    queueAdds: sumOf(text, 'workqueue_adds_total'),
    storeVersion: query(installation, 'SELECT max(version) AS value FROM changes'),
  }
}

function countDevices(installation: Installation): number {
  return query(installation, "SELECT count(*) AS value FROM kinds WHERE kind = 'Device' AND is_active = 1")
}

function query(installation: Installation, sql: string): number {
  const database = new DatabaseSync(join(installation.data, 'runtimeconfig.db'), { readOnly: true })
  const row = database.prepare(sql).get()
  database.close()
  return Number(row?.['value'] ?? 0)
}

function sumOf(metrics: string, name: string): number {
  const lines = metrics
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
