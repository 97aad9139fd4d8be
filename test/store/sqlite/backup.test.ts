import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { openSqliteStore } from '#store/sqlite/open.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'
import { aStoredDevice } from '#test/support/store-objects.ts'

describe('a backup of a SQLite store', () => {
  let subject: Awaited<ReturnType<typeof openSqliteSubject>>
  let target: string
  beforeEach(async () => {
    subject = await openSqliteSubject()
    target = join(subject.folder, 'backup.db')
    await subject.store.create('Device', aStoredDevice())
  })
  afterEach(() => subject.close())

  const restored = async () => {
    const stores = await openSqliteStore({ path: target, clock: subject.clock })
    const content = [await stores.users.list(), (await stores.store.list('Device')).items]
    stores.close()
    return content
  }

  it('is a store with everything in it, taken while the other is in use', async () => {
    const before = [await subject.users.list(), (await subject.store.list('Device')).items]
    const running = subject.stores.backup(target)
    await running
    await subject.store.create('Device', aStoredDevice({ name: 'later' }))
    expect(await restored()).toEqual(before)
  })

  it('can be read by its owner only, and leaves nothing else behind', async () => {
    await subject.stores.backup(target)
    expect((await stat(target)).mode & 0o777).toBe(0o600)
    const files = await readdir(subject.folder)
    expect(files.filter((name) => name.startsWith('backup'))).toEqual(['backup.db'])
  })

  it('replaces an older one of that name', async () => {
    await writeFile(target, 'an older backup')
    await subject.stores.backup(target)
    expect((await restored())[1]).toHaveLength(1)
  })

  it('does not replace the database itself', async () => {
    await expect(subject.stores.backup(subject.path)).rejects.toMatchObject({ code: 'SETTING_INVALID' })
    expect((await subject.store.list('Device')).items).toHaveLength(1)
  })

  it('cannot be made where there is no folder', async () => {
    await writeFile(join(subject.folder, 'file'), '')
    const failed = subject.stores.backup(join(subject.folder, 'file', 'backup.db'))
    await expect(failed).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })
})
