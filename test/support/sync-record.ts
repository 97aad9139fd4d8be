import type { SyncRecord } from '#controller/auth-sync/sync-record.ts'
import type { ObjectOf } from '#crds/kinds.ts'

import { aHistory } from './auth-sync.ts'

/** A record of a device that got its file. */
export function aRecord(overrides: Partial<SyncRecord> = {}): SyncRecord {
  return {
    history: aHistory({
      lastCommand: 'sync_runtime_auth_file',
      lastResult: 'written',
      lastSyncAt: Date.parse('2026-11-21T09:59:00Z'),
      knownSha256: 'a'.repeat(64),
    }),
    decision: {
      state: 'InSync',
      reason: 'UpToDate',
      message: 'The device has the stored document.',
      action: { type: 'none' },
    },
    targetPath: '/home/u/.codex/auth.json',
    basis: 'basis-1',
    pendingSince: null,
    inputs: null,
    removalPolicy: 'Retain',
    isActive: true,
    ...overrides,
  }
}

/** The object of a device, as it is when nothing was written to its status yet. */
export function aDeviceObject(overrides: Partial<ObjectOf<'Device'>> = {}): ObjectOf<'Device'> {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: {
      name: 'device-1',
      namespace: 'user-7',
      uid: 'uid-1',
      generation: 1,
      resourceVersion: '5',
      creationTimestamp: '2026-11-01T00:00:00.000Z',
    },
    spec: { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local' },
    ...overrides,
  }
}
