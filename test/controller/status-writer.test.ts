import { describe, expect, it } from 'vitest'

import { writeStatus } from '#controller/status.ts'
import { AppError } from '#core/errors.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { aDeviceObject } from '#test/support/sync-record.ts'

type Device = ObjectOf<'Device'>

/** A store with one device, in which others change it so many times at the wrong moment. */
function aStore(conflicts = 0, found: Device | null = aDeviceObject()) {
  const written: Device['status'][] = []
  let left = conflicts
  let version = 5
  const get = async () => {
    if (found === null) throw new AppError('NOT_FOUND', 'no such device')
    return { ...found, metadata: { ...found.metadata, resourceVersion: String(version) } }
  }
  const updateStatus = async (_kind: 'Device', object: Device) => {
    version += 1
    if (left > 0) {
      left -= 1
      throw new AppError('CONFLICT', 'changed meanwhile')
    }
    written.push(object.status)
    return object
  }
  return { written, store: { get, updateStatus } as unknown as Parameters<typeof writeStatus>[0] }
}

const KEY = { namespace: 'user-7', name: 'device-1' }

describe('the writer of statuses', () => {
  it('writes what is new', async () => {
    const { store, written } = aStore()
    await writeStatus(store, { kind: 'Device', key: KEY, render: () => ({ executorVersion: '2' }) })
    expect(written).toEqual([{ executorVersion: '2' }])
  })

  it('writes nothing that is there already', async () => {
    const { store, written } = aStore(0, aDeviceObject({ status: { executorVersion: '2' } }))
    await writeStatus(store, { kind: 'Device', key: KEY, render: () => ({ executorVersion: '2' }) })
    expect(written).toEqual([])
  })

  it('looks again when somebody changed the object meanwhile', async () => {
    const { store, written } = aStore(3)
    const seen: (string | undefined)[] = []
    await writeStatus(store, {
      kind: 'Device',
      key: KEY,
      render: (object) => {
        seen.push(object.metadata.resourceVersion)
        return { executorVersion: object.metadata.resourceVersion ?? '' }
      },
    })
    expect([seen, written]).toEqual([['5', '6', '7', '8'], [{ executorVersion: '8' }]])
  })

  it('gives way when others are faster again and again', async () => {
    const { store } = aStore(100)
    const write = writeStatus(store, { kind: 'Device', key: KEY, render: () => ({ executorVersion: '2' }) })
    await expect(write).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  it('has nothing to write where there is no object', async () => {
    const { store, written } = aStore(0, null)
    await writeStatus(store, { kind: 'Device', key: KEY, render: () => ({ executorVersion: '2' }) })
    expect(written).toEqual([])
  })
})
