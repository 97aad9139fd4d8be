import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#store/sqlite/open.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { seededRandom } from '#test/support/random.ts'
import { StoreProcess } from '#test/support/store-process.ts'

const KILLS = 50
const SEED = 20_261_121

/** What must be there after these lines: name to gateway, and what must not be. */
function acknowledged(lines: readonly string[]) {
  const there = new Map<string, string | undefined>()
  const gone = new Set<string>()
  for (const line of lines) {
    const [verb, name = ''] = line.split(' ')
    if (verb === 'made') there.set(name, undefined)
    if (verb === 'updated') there.set(name, `g-${name.split('-').at(-1)}`)
    if (verb !== 'deleted') continue
    there.delete(name)
    gone.add(name)
  }
  return { there, gone }
}

describe('a store whose process is killed', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-crash-'))
    path = join(folder, 'runtimeconfig.db')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const read = async () => {
    const { store, close } = await openSqliteStore({ path, clock: new FakeClock() })
    const { items } = await store.list('Device')
    close()
    return new Map(items.map((device) => [device.metadata.name, device.status?.gateway]))
  }
  const integrity = () => {
    const database = new DatabaseSync(path)
    const row = database.prepare('PRAGMA integrity_check').get()
    database.close()
    return row?.['integrity_check']
  }

  it(
    `keeps everything it acknowledged, over ${KILLS} kills at random moments (seed ${SEED})`,
    { timeout: 120_000 },
    async () => {
      const random = seededRandom(SEED)
      const there = new Map<string, string | undefined>()
      const gone = new Set<string>()
      for (let kill = 0; kill < KILLS; kill += 1) {
        const writer = new StoreProcess(path, { prefix: `d${kill}`, most: 10_000 })
        await writer.said(1 + Math.floor(random() * 120))
        await writer.kill()
        const said = acknowledged(writer.lines)
        for (const [name, gateway] of said.there) there.set(name, gateway)
        for (const name of said.gone) gone.add(name)
      }
      const found = await read()
      const lost = [...there].filter(([name, gateway]) => {
        const isAsSaid = found.has(name) && (gateway === undefined || found.get(name) === gateway)
        return !isAsSaid && !mayBeDeleted(name, there, gone)
      })
      expect(lost).toEqual([])
      expect([...gone].filter((name) => found.has(name))).toEqual([])
      expect(integrity()).toBe('ok')
    },
  )
})

/** The kill may have come between the deletion of the last object of a run and the line that says so. */
function mayBeDeleted(name: string, there: ReadonlyMap<string, unknown>, gone: ReadonlySet<string>): boolean {
  const [run = '', at = ''] = name.split('-')
  const next = `${run}-${Number(at) + 1}`
  return Number(at) % 3 === 0 && there.get(name) !== undefined && !there.has(next) && !gone.has(next)
}
