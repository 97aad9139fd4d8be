import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { HISTORY_AGE_MS } from '#store/sqlite/commits.ts'
import { BOOKMARK_INTERVAL_MS } from '#store/sqlite/wake-up.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'
import { aStoredConfig, aStoredDevice } from '#test/support/store-objects.ts'
import { Watched } from '#test/support/watched.ts'

type Subject = Awaited<ReturnType<typeof openSqliteSubject>>

const LIMIT = 100

describe('the history of a SQLite store', () => {
  let subject: Subject
  const watches: Watched<'Device'>[] = []
  beforeEach(async () => {
    subject = await openSqliteSubject({ historyLimit: LIMIT })
  })
  afterEach(async () => {
    await Promise.allSettled(watches.splice(0).map((watch) => watch.stop()))
    await subject.close()
  })

  const namespace = 'user-1'
  const create = (name: string) => subject.store.create('Device', aStoredDevice({ namespace, name }))
  const rename = (name: string, displayName: string) =>
    subject.store.update('Device', aStoredDevice({ namespace, name }, { displayName }))
  const version = async () => (await subject.store.list('Device')).metadata.resourceVersion
  const watch = (resourceVersion: string) => {
    const watch = new Watched(subject.store, 'Device', { namespace, resourceVersion })
    watches.push(watch)
    return watch
  }

  it('reaches back as many changes as it is told', async () => {
    await create('a')
    const old = await version()
    for (let at = 0; at < LIMIT; at += 1) await rename('a', `name ${at}`)
    expect((await watch(old).next()).object.spec.displayName).toBe('name 0')
    for (let at = 0; at < LIMIT; at += 1) await rename('a', `again ${at}`)
    await expect(watch(old).next()).rejects.toMatchObject({ code: 'EXPIRED' })
  })

  it('stays bounded however many changes there are', async () => {
    await create('a')
    for (let at = 0; at < LIMIT * 5; at += 1) await rename('a', `name ${at}`)
    const from = String(Number(await version()) - Math.ceil(LIMIT * 1.1) - 2)
    await expect(watch(from).next()).rejects.toMatchObject({ code: 'EXPIRED' })
  })

  it('ends after a while, so that what was replaced or deleted is nowhere in the files', async () => {
    const encryptedValue = `ciphertext-${'0a1b2c3d'.repeat(300)}`
    const auth = {
      format: 'json',
      targetPath: '~/.codex/auth.json',
      encryptedValue,
      sha256: 'a'.repeat(64),
      updatedAt: '2026-11-21T10:00:00.000Z',
    } as const
    await subject.store.create('UserRuntimeConfig', aStoredConfig({ namespace }, { auth }))
    await subject.store.update('UserRuntimeConfig', aStoredConfig({ namespace }))
    await subject.store.delete('UserRuntimeConfig', { namespace, name: 'codex' })
    await subject.clock.advance(2 * HISTORY_AGE_MS)
    for (const suffix of ['', '-wal']) {
      expect((await readFile(subject.path + suffix)).includes('0a1b2c3d')).toBe(false)
    }
    expect(subject.clock.pending).toBe(0)
  })

  it('is forgotten at the next start when it got old meanwhile', async () => {
    const old = await version()
    await create('a')
    subject.clock.jump(2 * HISTORY_AGE_MS)
    await subject.reopen()
    await expect(watch(old).next()).rejects.toMatchObject({ code: 'EXPIRED' })
    const now = watch(await version())
    await create('b')
    expect(await now.take(1)).toEqual(['ADDED b'])
  })

  it('never gives a version twice, even when all of it is forgotten', async () => {
    await create('a')
    const before = Number(await version())
    await subject.compact()
    await subject.reopen()
    expect(Number((await create('b')).metadata.resourceVersion)).toBe(before + 1)
  })

  it('does not know a version of the future, as after restoring a backup', async () => {
    await expect(watch('999999').next()).rejects.toMatchObject({ code: 'EXPIRED' })
  })

  it('gives a watch that resumes each state, from the log', async () => {
    await create('a')
    const from = await version()
    const texts = Array.from({ length: LIMIT - 10 }, (_, at) => `name ${at}`)
    for (const text of texts) await rename('a', text)
    await subject.store.delete('Device', { namespace, name: 'a' })
    await create('a')
    await subject.reopen()
    const resumed = watch(from)
    const seen: string[] = []
    for (const _ of texts) seen.push((await resumed.next()).object.spec.displayName)
    expect(seen).toEqual(texts)
    expect(await resumed.take(2)).toEqual(['DELETED a', 'ADDED a'])
  })
})

describe('a watch that stands still', () => {
  it('holds nothing, and learns that it was overtaken', { timeout: 60_000 }, async () => {
    const subject = await openSqliteSubject({ historyLimit: 500 })
    const namespace = 'user-1'
    const encryptedValue = 'x'.repeat(100_000)
    const big = (at: number) =>
      aStoredConfig(
        { namespace },
        {
          auth: {
            format: 'json',
            targetPath: '~/.codex/auth.json',
            encryptedValue: encryptedValue + at,
            sha256: 'a'.repeat(64),
          },
        },
      )
    await subject.store.create('UserRuntimeConfig', big(0))
    const slow = Array.from(
      { length: 20 },
      () => new Watched(subject.store, 'UserRuntimeConfig', { namespace }),
    )
    for (const watch of slow) await watch.next()
    const heapBefore = heapUsed()
    for (let at = 1; at < 1200; at += 1) await subject.store.update('UserRuntimeConfig', big(at))
    // 1 200 states of 100 kB; kept for each watch they would be 2.4 GB, kept once 120 MB.
    expect(heapUsed() - heapBefore).toBeLessThan(30 * 1024 * 1024)
    for (const watch of slow) await expect(watch.next()).rejects.toMatchObject({ code: 'EXPIRED' })
    await subject.close()
  })
})

describe('bookmarks of a SQLite store', () => {
  let subject: Subject
  let watch: Watched<'Device'>
  const namespace = 'user-1'
  beforeEach(async () => {
    subject = await openSqliteSubject()
    await subject.store.create('Device', aStoredDevice({ namespace, name: 'a' }))
    watch = new Watched(subject.store, 'Device', { namespace })
    await watch.next()
  })
  afterEach(async () => {
    await watch.stop()
    await subject.close()
  })

  it('tell a watch that sees nothing how far it is when others change', async () => {
    const next = watch.nextEvent()
    const other = await subject.store.create('UserRuntimeConfig', aStoredConfig({ namespace }))
    await subject.clock.advance(BOOKMARK_INTERVAL_MS)
    expect(await next).toEqual({ type: 'BOOKMARK', resourceVersion: other.metadata.resourceVersion })
  })

  it('tell it also when its kind changes elsewhere', async () => {
    const next = watch.nextEvent()
    const other = await subject.store.create('Device', aStoredDevice({ namespace: 'user-2' }))
    await subject.clock.advance(BOOKMARK_INTERVAL_MS)
    expect(await next).toEqual({ type: 'BOOKMARK', resourceVersion: other.metadata.resourceVersion })
  })

  it('are not sent, and no timer waits for them, while nothing changes', async () => {
    await subject.compact()
    expect(subject.clock.pending).toBe(0)
    const next = watch.nextEvent()
    await subject.clock.advance(10 * BOOKMARK_INTERVAL_MS)
    await subject.store.delete('Device', { namespace, name: 'a' })
    expect(await next).toMatchObject({ type: 'DELETED' })
  })

  it('are versions to resume from', async () => {
    const next = watch.nextEvent()
    await subject.store.create('UserRuntimeConfig', aStoredConfig({ namespace }))
    await subject.clock.advance(BOOKMARK_INTERVAL_MS)
    const bookmark = await next
    await subject.store.create('Device', aStoredDevice({ namespace, name: 'b' }))
    const { resourceVersion } = bookmark.type === 'BOOKMARK' ? bookmark : { resourceVersion: '' }
    const resumed = new Watched(subject.store, 'Device', { namespace, resourceVersion })
    expect(await resumed.take(1)).toEqual(['ADDED b'])
    await resumed.stop()
  })
})

describe('closing a SQLite store', () => {
  it('ends every watch, and everything after it, with STORE_UNAVAILABLE', async () => {
    const subject = await openSqliteSubject()
    const { store, users } = subject
    const objects = new Watched(store, 'Device').next()
    const people = users.watch({ signal: new AbortController().signal })[Symbol.asyncIterator]()
    await people.next()
    await people.next()
    const person = people.next()
    subject.stores.close()
    const unavailable = { code: 'STORE_UNAVAILABLE' }
    await expect(objects).rejects.toMatchObject(unavailable)
    await expect(person).rejects.toMatchObject(unavailable)
    await expect(store.ping()).rejects.toMatchObject(unavailable)
    await expect(store.list('Device')).rejects.toMatchObject(unavailable)
    await expect(users.create({ name: 'eve' })).rejects.toMatchObject(unavailable)
    await subject.close()
  })
})

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
