import { describe, expect, it } from 'vitest'

import { type DeviceFacts, renderDeviceStatus } from '#controller/device/render.ts'
import type { DeviceStatus } from '#crds/types/device.ts'
import { aHistory, aReport, NOW } from '#test/support/auth-sync.ts'
import { aDeviceObject, aRecord } from '#test/support/sync-record.ts'

function aFacts(overrides: Partial<DeviceFacts> = {}): DeviceFacts {
  return {
    report: aReport(),
    isLost: false,
    records: new Map(),
    runtimes: new Set(['codex', 'claude']),
    now: '2026-11-21T10:00:00.000Z',
    gateway: undefined,
    ...overrides,
  }
}

const ONLINE: DeviceStatus = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Online',
      status: 'True',
      reason: 'HeartbeatReceived',
      message: 'The device is connected and sends heartbeats.',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-20T00:00:00.000Z',
    },
  ],
  executorVersion: '1.0.0',
  lastHeartbeatTime: '2026-11-20T00:00:00.000Z',
}

/** A device whose status is as it was written once. */
function written(status: DeviceStatus = ONLINE) {
  return aDeviceObject({ status })
}

describe('the status of a device', () => {
  it('tells of a device that came online, and when it was heard', () => {
    expect(renderDeviceStatus(aDeviceObject(), aFacts({ gateway: 'replica-1' }))).toEqual({
      observedGeneration: 1,
      conditions: [
        expect.objectContaining({
          type: 'Online',
          status: 'True',
          lastTransitionTime: '2026-11-21T10:00:00.000Z',
        }),
      ],
      executorVersion: '1.0.0',
      gateway: 'replica-1',
      lastHeartbeatTime: new Date(NOW - 1_000).toISOString(),
    })
  })

  it('is the very same while only heartbeats come', () => {
    const object = written()
    const later = aReport(undefined, { lastHeartbeatAt: NOW + 3_600_000, heartbeatCount: 500 })
    expect(renderDeviceStatus(object, aFacts({ report: later, now: '2026-11-21T11:00:00.000Z' }))).toBe(
      object.status,
    )
  })

  it('takes the number of the connection along when it names the replica, and writes nothing for it alone', () => {
    const report = aReport(undefined, { fence: 7 })
    const first = renderDeviceStatus(aDeviceObject(), aFacts({ gateway: 'replica-1', report }))
    expect(first).toMatchObject({ gateway: 'replica-1', gatewayFence: 7 })
    const object = written(first)
    const reconnected = aReport(undefined, { fence: 8 })
    expect(renderDeviceStatus(object, aFacts({ gateway: 'replica-1', report: reconnected }))).toBe(
      object.status,
    )
    const moved = renderDeviceStatus(object, aFacts({ gateway: 'replica-2', report: reconnected }))
    expect(moved).toMatchObject({ gateway: 'replica-2', gatewayFence: 8 })
    const gone = aReport(undefined, { isOnline: false })
    expect(renderDeviceStatus(object, aFacts({ gateway: 'replica-1', report: gone }))).not.toHaveProperty(
      'gatewayFence',
    )
  })

  it('takes the time of the last heartbeat along with another change', () => {
    const status = renderDeviceStatus(
      written(),
      aFacts({ report: aReport(undefined, { executorVersion: '2.0.0' }) }),
    )
    expect(status).toEqual({
      ...ONLINE,
      executorVersion: '2.0.0',
      lastHeartbeatTime: new Date(NOW - 1_000).toISOString(),
    })
  })

  it('says that a device went offline, and no longer names the replica that held it', () => {
    const object = written({ ...ONLINE, gateway: 'replica-1' })
    const status = renderDeviceStatus(
      object,
      aFacts({ report: aReport(undefined, { isOnline: false }), gateway: 'replica-1' }),
    )
    expect(status?.conditions).toMatchObject([
      { status: 'False', reason: 'NoHeartbeat', lastTransitionTime: '2026-11-21T10:00:00.000Z' },
    ])
    expect(status).not.toHaveProperty('gateway')
  })

  it('stays as it is while a device may still come back after our restart, and not for ever', () => {
    const object = written()
    expect(renderDeviceStatus(object, aFacts({ report: undefined }))).toBe(object.status)
    expect(renderDeviceStatus(object, aFacts({ report: undefined, isLost: true }))).toMatchObject({
      conditions: [{ status: 'False', reason: 'NotConnected' }],
      lastHeartbeatTime: ONLINE.lastHeartbeatTime,
    })
  })

  it('has a row for each runtime there is something to say of, in the order of their names', () => {
    const records = new Map([
      ['codex', aRecord()],
      ['claude', aRecord()],
      ['gone', aRecord()],
    ])
    expect(
      renderDeviceStatus(aDeviceObject(), aFacts({ records }))?.runtimes?.map((row) => row.name),
    ).toEqual(['claude', 'codex'])
  })

  it('says which layers a device found, also where nothing is done about its login', () => {
    const version = `sha256:${'a'.repeat(64)}`
    const layers = [
      { type: 'user', version },
      { type: 'system', version: null },
    ]
    const report = aReport(undefined, {
      configs: new Map([
        ['codex', layers],
        ['claude', layers],
        ['gone', layers],
      ]),
    })
    const status = renderDeviceStatus(
      aDeviceObject(),
      aFacts({ report, records: new Map([['codex', aRecord()]]) }),
    )
    const config = {
      layers: [
        { type: 'user', version },
        { type: 'system', unreadable: true },
      ],
    }
    expect(status?.runtimes).toMatchObject([
      { name: 'claude', state: 'Unknown', config },
      { name: 'codex', state: 'InSync', config },
    ])
  })

  it('keeps what a device said of its layers until it says something else', () => {
    const config = { layers: [{ type: 'user', version: `sha256:${'a'.repeat(64)}` }] }
    const runtimes = [{ name: 'codex', state: 'Unknown' as const, config }]
    const object = written({ ...ONLINE, runtimes })
    const rows = (report: DeviceFacts['report']) =>
      renderDeviceStatus(object, aFacts({ report, isLost: true }))?.runtimes
    expect(rows(undefined)).toEqual(runtimes)
    expect(rows(aReport(undefined, { heartbeatCount: 0 }))).toEqual(runtimes)
    expect(rows(aReport())).toEqual([])
  })

  it('keeps a row of before a restart until it is decided anew', () => {
    const runtimes = [{ name: 'codex', state: 'InSync' as const, message: 'of before' }]
    const read = aRecord({ decision: null })
    const status = renderDeviceStatus(
      written({ ...ONLINE, runtimes }),
      aFacts({ records: new Map([['codex', read]]) }),
    )
    expect(status?.runtimes).toEqual(runtimes)
  })

  it.each([
    ['nothing is remembered of any more', new Map()],
    [
      'nothing was ever done about',
      new Map([
        [
          'codex',
          aRecord({
            history: aHistory(),
            decision: { state: 'NotManaged', reason: 'Enabled', message: '', action: { type: 'none' } },
          }),
        ],
      ]),
    ],
  ])('drops the row of a runtime that %s', (_which, records) => {
    const runtimes = [{ name: 'codex', state: 'InSync' as const }]
    expect(renderDeviceStatus(written({ ...ONLINE, runtimes }), aFacts({ records }))?.runtimes).toEqual([])
  })
})
