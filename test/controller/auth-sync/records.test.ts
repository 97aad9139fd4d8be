import { describe, expect, it } from 'vitest'

import { SyncRecords } from '#controller/auth-sync/records.ts'
import { fromKeyText, toKeyText } from '#controller/auth-sync/sync-key.ts'
import type { ObjectCache } from '#controller/ports.ts'
import type { ObjectOf } from '#crds/kinds.ts'
import { aDeviceObject, aRecord } from '#test/support/sync-record.ts'

const DEVICE = { namespace: 'user-7', deviceId: 'device-1' }
const CODEX = { ...DEVICE, runtime: 'codex' }

/** Records over the devices that are written down. */
function aRecords(...devices: readonly ObjectOf<'Device'>[]): SyncRecords {
  const get = (_kind: string, { namespace, name }: { readonly namespace?: string; readonly name: string }) =>
    devices.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  return new SyncRecords({ get: get as ObjectCache['get'] })
}

const WRITTEN = aDeviceObject({
  status: {
    runtimes: [
      { name: 'codex', state: 'InSync', attempts: 2, digest: 'd'.repeat(64), attemptsFor: 'basis-0' },
    ],
  },
})

describe('the records', () => {
  it('know nothing of a device nobody told them of', () => {
    const records = aRecords()
    expect(records.get(CODEX)).toMatchObject({ decision: null, basis: null, history: { attempts: 0 } })
    expect([...records.ofDevice(DEVICE)]).toEqual([])
    expect(records.drop(DEVICE, 'codex')).toBe(false)
    expect([...records.all()]).toEqual([])
  })

  it('give back what they were given, to each device its own', () => {
    const records = aRecords()
    records.put(CODEX, aRecord())
    expect(records.get(CODEX)).toEqual(aRecord())
    expect(records.get({ ...CODEX, namespace: 'user-8' }).decision).toBeNull()
    expect(records.get({ ...CODEX, deviceId: 'device-2' }).decision).toBeNull()
    expect(records.get({ ...CODEX, runtime: 'claude' }).decision).toBeNull()
    expect([...records.all()]).toEqual([['codex', aRecord()]])
  })

  it('take up what was written down before a restart', () => {
    expect(aRecords(WRITTEN).get(CODEX)).toMatchObject({
      decision: null,
      basis: 'basis-0',
      history: { attempts: 2, knownSha256: 'd'.repeat(64) },
    })
  })

  it('do not take up again what was forgotten since', () => {
    const records = aRecords(WRITTEN)
    expect(records.drop(DEVICE, 'codex')).toBe(true)
    expect(records.drop(DEVICE, 'codex')).toBe(false)
    expect(records.get(CODEX).history.attempts).toBe(0)
  })

  it('forget a device as a whole', () => {
    const records = aRecords()
    records.put(CODEX, aRecord())
    records.put({ ...CODEX, runtime: 'claude' }, aRecord())
    expect(records.drop(DEVICE)).toBe(true)
    expect([...records.ofDevice(DEVICE)]).toEqual([])
  })
})

describe('a key as text', () => {
  it.each(['device-1', 'with/slashes/in it', '/', 'ünïcode'])('is read as it was written: %s', (deviceId) => {
    const key = { namespace: 'user-7', deviceId, runtime: 'codex' }
    expect(fromKeyText(toKeyText(key))).toEqual(key)
  })

  it('is namespace, device and runtime', () => {
    expect(toKeyText(CODEX)).toBe('user-7/device-1/codex')
  })
})
