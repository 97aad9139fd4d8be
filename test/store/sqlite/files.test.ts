import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#store/sqlite/open.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

describe('the files of a SQLite store', () => {
  let base: string
  let path: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runtimeconfig-files-'))
    path = join(base, 'data', 'runtimeconfig.db')
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  const open = (at = path) => openSqliteStore({ path: at, clock: new FakeClock() })
  const modeOf = async (file: string) => ((await stat(file)).mode & 0o777).toString(8)
  const fill = async () => {
    const { store, users, close } = await open()
    const { namespace } = await users.create({ name: 'ada' })
    for (let at = 0; at < 200; at += 1)
      await store.create('Device', aStoredDevice({ namespace, name: `d-${at}` }))
    close()
  }

  it('are closed to everyone but their owner', async () => {
    const before = process.umask(0)
    const { close, users } = await open()
    await users.create({ name: 'ada' })
    expect(await modeOf(join(base, 'data'))).toBe('700')
    for (const suffix of ['', '-wal', '-shm', '.lock']) expect(await modeOf(path + suffix)).toBe('600')
    close()
    process.umask(before)
  })

  it('are closed again when somebody opened them', async () => {
    await fill()
    await chmod(path, 0o666)
    const { close } = await open()
    expect(await modeOf(path)).toBe('600')
    close()
  })

  it('can be opened once at a time, also within one process', async () => {
    const first = await open()
    await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    first.close()
    first.close()
    const second = await open()
    second.close()
  })

  it('are let go when opening fails', async () => {
    await fill()
    const whole = await readFile(path)
    await writeFile(path, 'no database at all')
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
    await writeFile(path, whole)
    const { close } = await open()
    close()
  })

  it('may be empty, as a first start that was killed leaves them', async () => {
    await fill()
    await writeFile(path, '')
    const { users, close } = await open()
    expect(await users.list()).toEqual([])
    close()
  })

  const damages: readonly (readonly [string, (whole: Buffer) => Buffer])[] = [
    ['is text', () => Buffer.from('{"not": "a database"}'.repeat(100))],
    ['is cut in half', (whole) => whole.subarray(0, whole.length / 2)],
    [
      'has zeros in the middle',
      (whole) => Buffer.from(whole).fill(0, whole.length / 4, (whole.length * 3) / 4),
    ],
    [
      'has noise in the middle',
      (whole) => Buffer.from(whole).fill('noise', whole.length / 4, whole.length / 2),
    ],
    ['lost its header', (whole) => Buffer.from(whole).fill(0, 0, 64)],
  ]
  it.each(damages)('are refused and not touched when the database %s', async (_how, damage) => {
    await fill()
    const damaged = damage(await readFile(path))
    await writeFile(path, damaged)
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringMatching(/not changed.*restore the last backup/),
    })
    expect(damaged.equals(await readFile(path))).toBe(true)
  })

  it("are refused when they are another program's", async () => {
    await fill()
    await rm(path)
    const other = new DatabaseSync(path)
    other.exec('CREATE TABLE songs (title TEXT)')
    other.close()
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: `${path} is a database of another program; choose another data folder`,
    })
  })

  it('are refused when a newer version wrote them', async () => {
    await fill()
    const newer = new DatabaseSync(path)
    newer.exec("INSERT INTO schema_version VALUES (99, '2030-01-01T00:00:00.000Z')")
    newer.close()
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining('has schema version 99'),
    })
  })

  it('are refused when the lock is something else', async () => {
    await fill()
    await writeFile(`${path}.lock`, 'this is no lock '.repeat(100))
    await expect(open()).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  })

  it.each(['a folder', 'below a file'])('cannot be made where there is %s', async (what) => {
    await writeFile(join(base, 'file'), '')
    const at = what === 'a folder' ? base : join(base, 'file', 'runtimeconfig.db')
    await expect(open(at)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  it('hold the tables as other programs know them', async () => {
    const { store, users, close } = await open()
    const { namespace } = await users.create({ name: 'ada' })
    const device = await store.create('Device', aStoredDevice({ namespace }))
    close()
    const database = new DatabaseSync(path, { readOnly: true })
    const row = database
      .prepare('SELECT user_id, kind, name, namespace, json, is_active, created_at, updated_at FROM kinds')
      .get()
    database.close()
    const { resourceVersion: _, ...metadata } = device.metadata
    expect({ ...row, json: JSON.parse(String(row?.['json'])) }).toEqual({
      user_id: 1,
      kind: 'Device',
      name: 'mac-1',
      namespace: 'default',
      json: { ...device, metadata: { ...metadata, namespace: 'default' } },
      is_active: 1,
      created_at: '2026-11-21T10:00:00.000Z',
      updated_at: '2026-11-21T10:00:00.000Z',
    })
  })
})

describe('rows that other programs wrote', () => {
  let base: string
  let path: string
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'runtimeconfig-rows-'))
    path = join(base, 'runtimeconfig.db')
    const { store, users, close } = await openSqliteStore({ path, clock: new FakeClock() })
    const { namespace } = await users.create({ name: 'ada' })
    await store.create('Device', aStoredDevice({ namespace }))
    close()
  })
  afterEach(() => rm(base, { recursive: true, force: true }))

  const edit = (sql: string) => {
    const database = new DatabaseSync(path)
    database.exec(sql)
    database.close()
    return openSqliteStore({ path, clock: new FakeClock() })
  }

  it('are invisible when they are not active, and leave the name free', async () => {
    const { store, close } = await edit('UPDATE kinds SET is_active = 0')
    const key = { namespace: 'user-1', name: 'mac-1' }
    await expect(store.get('Device', key)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect((await store.list('Device')).items).toEqual([])
    await expect(store.delete('Device', key)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await store.create('Device', aStoredDevice())
    close()
  })

  it('cannot be active twice under one key', async () => {
    const copy = `INSERT INTO kinds (user_id, kind, name, json, created_at, updated_at, resource_version)
      SELECT user_id, kind, name, json, created_at, updated_at, 9 FROM kinds`
    await expect(async () => edit(copy)).rejects.toThrow('UNIQUE constraint failed')
  })

  it.each(['', 'nonsense', '[]', 'null', '"text"', '{"a":'])(
    'have no preferences when those are %j',
    async (text) => {
      const { users, close } = await edit(`UPDATE users SET preferences = '${text}'`)
      const user = await users.findByName('ada')
      expect(user?.preferences).toEqual({})
      const change = { expectedVersion: user?.resourceVersion ?? '', preferences: { mended: true } }
      expect((await users.updatePreferences('1', change)).preferences).toEqual({ mended: true })
      close()
    },
  )

  it.each(['nonsense', '[]', '{}', '{"metadata":1}'])(
    'are called damaged when they hold %s',
    async (json) => {
      const { store, close } = await edit(`UPDATE kinds SET json = '${json}'`)
      const got = store.get('Device', { namespace: 'user-1', name: 'mac-1' })
      await expect(got).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
      close()
    },
  )
})
