import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Client } from '#cli/client.ts'
import { AppError } from '#core/errors.ts'
import { DeviceList, type DeviceRuntimeView } from '#protocol/device.ts'

import type { World } from './world.ts'

type RuntimeRow = DeviceRuntimeView

const POLL_MS = 50
const PATIENCE_MS = 20_000

/** Waits until `look` gives a value; rejects with what was waited for, or when there is nothing to wait for any more. */
export async function until<T>(
  { signal }: Pick<World, 'signal'>,
  what: string,
  look: () => Promise<T | null>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (signal.aborted) throw new AppError('DEVICE_TIMEOUT', `interrupted while waiting for ${what}`)
    if (performance.now() > deadline)
      throw new AppError('DEVICE_TIMEOUT', `expected ${what} within ${PATIENCE_MS / 1000} seconds`)
    await sleep(POLL_MS)
  }
}

/** Waits until the server says this about codex on a device; resolves with the row. */
export async function untilState(
  world: Pick<World, 'client' | 'signal'>,
  device: string,
  states: readonly string[],
): Promise<RuntimeRow> {
  return until(world, `${device} to be ${states.join(' or ')}`, async () => {
    const row = await rowOf(world.client, device)
    return row !== null && states.includes(row.state) ? row : null
  })
}

/** What the server says about codex on a device; `null` before it knows the device. */
export async function rowOf(client: Client, device: string): Promise<RuntimeRow | null> {
  const { items } = await client.ask(DeviceList, { path: '/users/me/devices' })
  const found = items.find((view) => view.device_id === device)
  return found?.runtimes.find((row) => row.runtime === 'codex') ?? null
}

/** A file's text and what shows that it was touched; `null` when it is not there. */
export async function look(
  path: string,
): Promise<{ readonly text: string; readonly mode: string; readonly touchedAt: number } | null> {
  try {
    const [text, { mode, mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { text, mode: (mode & 0o777).toString(8), touchedAt: mtimeMs }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
