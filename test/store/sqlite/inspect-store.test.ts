import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { inspectSqliteStore } from '#store/sqlite/inspect-store.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

describe('a look at a store from outside', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    // Names that mean something in a URL must not lead elsewhere.
    folder = join(mkdtempSync(join(tmpdir(), 'runtimeconfig-look-')), 'a #1 100%?mode=rwc')
    path = join(folder, 'runtimeconfig.db')
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(join(folder, '..'), { recursive: true, force: true })
  })

  async function fill() {
    const stores = await openSqliteStore({ path, clock: new FakeClock() })
    const { namespace } = await stores.users.create({ name: 'ada' })
    for (let at = 0; at < 20; at += 1)
      await stores.store.create('Device', aStoredDevice({ namespace, name: `d-${at}` }))
    return stores
  }

  /** Name, size, time of change, mode and hash of everything in the folder. */
  function everything() {
    return readdirSync(folder).map((name) => {
      const { size, mtimeMs, mode } = statSync(join(folder, name))
      const hash = createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')
      return { name, size, mtimeMs, mode, hash }
    })
  }

  function lookAndCompare(): string {
    const before = everything()
    try {
      return inspectSqliteStore(path)
    } finally {
      expect(everything()).toEqual(before)
    }
  }

  it('finds a store that was closed usable, and changes nothing', async () => {
    const { close } = await fill()
    close()
    expect(lookAndCompare()).toBe('usable')
  })

  it('finds a store that is open in use, and lets it go on', async () => {
    const { close, users } = await fill()
    expect(lookAndCompare()).toBe('in-use')
    expect((await users.create({ name: 'bob' })).name).toBe('bob')
    close()
  })

  it('finds what a killed process left usable, and leaves the log for the next start', async () => {
    const { close } = await fill()
    const names = ['runtimeconfig.db', 'runtimeconfig.db-wal']
    const killed = names.map((name) => [name, readFileSync(join(folder, name))] as const)
    close()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    for (const [name, bytes] of killed) writeFileSync(join(folder, name), bytes, { mode: 0o600 })
    expect(lookAndCompare()).toBe('usable')
    expect(readdirSync(folder)).toEqual(names)
    const again = await openSqliteStore({ path, clock: new FakeClock() })
    expect((await again.users.findByName('ada'))?.name).toBe('ada')
    again.close()
  })

  it('leaves no copy behind', async () => {
    const { close } = await fill()
    copyFileSync(`${path}-wal`, join(folder, 'kept'))
    close()
    copyFileSync(join(folder, 'kept'), `${path}-wal`)
    const temporary = join(folder, '..', 'tmp')
    mkdirSync(temporary)
    vi.stubEnv('TMPDIR', temporary)
    expect([lookAndCompare(), readdirSync(temporary)]).toEqual(['usable', []])
  })

  it('takes the empty file that a killed first start left for usable', () => {
    mkdirSync(folder)
    writeFileSync(path, '', { mode: 0o600 })
    expect(lookAndCompare()).toBe('usable')
  })

  it.each<[string, () => void, string]>([
    ['no database', () => writeFileSync(path, 'no database'.repeat(500)), 'is not a readable database'],
    [
      'the database of another program',
      () => new DatabaseSync(path).exec('CREATE TABLE theirs (a)'),
      'is a database of another program',
    ],
    [
      'of a newer program',
      () => {
        const newer = new DatabaseSync(path)
        newer.exec('CREATE TABLE schema_version (version INTEGER); INSERT INTO schema_version VALUES (99)')
        newer.close()
      },
      'has schema version 99',
    ],
    [
      'beside a lock that is something else',
      () => {
        writeFileSync(path, '')
        writeFileSync(`${path}.lock`, 'something else'.repeat(100))
      },
      'is not a lock of this program',
    ],
  ])('refuses what is %s, and changes nothing', (_what, make, message) => {
    mkdirSync(folder)
    make()
    expect(lookAndCompare).toThrow(
      expect.objectContaining({ code: 'STORE_DAMAGED', message: expect.stringContaining(message) }),
    )
  })

  it('refuses a store with a damaged page, and changes nothing', async () => {
    const { close } = await fill()
    close()
    const bytes = readFileSync(path)
    bytes.fill(0xa5, 4096, bytes.length - 4096)
    writeFileSync(path, bytes)
    expect(lookAndCompare).toThrow(expect.objectContaining({ code: 'STORE_DAMAGED' }))
  })

  it('says so when the copy cannot be made', async () => {
    const { close } = await fill()
    const wal = readFileSync(`${path}-wal`)
    close()
    writeFileSync(`${path}-wal`, wal)
    vi.stubEnv('TMPDIR', join(folder, 'nowhere'))
    expect(lookAndCompare).toThrow(
      expect.objectContaining({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('name another one with TMPDIR'),
      }),
    )
  })
})
