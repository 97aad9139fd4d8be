import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { median, type Measured, type Row, type RunSetting } from '#bench/row.ts'
import { systemClock } from '#cli/system-clock.ts'
import { API_VERSION } from '#crds/group.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'

const WRITES = 1500
const ROUNDS = 5

/** Durable creates a second through the store port, against raw inserts of the same JSON with the same durability. */
export const storeWrites: Row = {
  name: 'store-writes',
  async run({ progress }: RunSetting): Promise<readonly Measured[]> {
    const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-bench-store-'))
    const stores = await openSqliteStore({ path: join(folder, 'ours.db'), clock: systemClock })
    const { namespace } = await stores.users.create({ name: 'bench' })
    const raw = openRaw(join(folder, 'raw.db'))
    const rates = { ours: [] as number[], raw: [] as number[] }
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`store writes: round ${round + 1} of ${ROUNDS}`)
      rates.raw.push(
        await perSecond((at) =>
          raw.write(`${round}-${at}`, JSON.stringify(aDevice(`d-${round}-${at}`, namespace))),
        ),
      )
      rates.ours.push(
        await perSecond((at) => stores.store.create('Device', aDevice(`d-${round}-${at}`, namespace))),
      )
    }
    raw.close()
    stores.close()
    await rm(folder, { recursive: true, force: true })
    return [
      {
        name: 'store writes per second (SQLite)',
        unit: '/s',
        ours: median(rates.ours),
        floor: median(rates.raw),
        floorName: 'raw node:sqlite insert with the same durability',
        target: { of: 'ratio', bound: 'atLeast', limit: 0.5 },
        more: { writes: WRITES * ROUNDS },
      },
    ]
  },
}

async function perSecond(write: (at: number) => unknown): Promise<number> {
  const startedAt = performance.now()
  for (let at = 0; at < WRITES; at += 1) await write(at)
  return (WRITES * 1000) / (performance.now() - startedAt)
}

function openRaw(path: string): { write(name: string, json: string): void; close(): void } {
  const database = new DatabaseSync(path)
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE kinds (id INTEGER PRIMARY KEY, name TEXT UNIQUE, json TEXT)',
  )
  const insert = database.prepare('INSERT INTO kinds (name, json) VALUES (?, ?)')
  return { write: (name, json) => void insert.run(name, json), close: () => database.close() }
}

function aDevice(name: string, namespace: string) {
  return {
    apiVersion: API_VERSION,
    kind: 'Device' as const,
    metadata: { name, namespace },
    spec: { deviceId: name, displayName: name, deviceType: 'local' as const },
  }
}
