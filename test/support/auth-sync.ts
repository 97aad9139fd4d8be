import { NO_HISTORY, type SyncDesired, type SyncHistory, type SyncObserved } from '#core/auth-sync-input.ts'
import type { DeviceReport, RuntimeFileReport } from '#core/device-report.ts'

/** `2026-11-21T10:00:00Z`, the time of these tests. */
export const NOW = Date.parse('2026-11-21T10:00:00Z')

const STORED_AT = Date.parse('2026-11-21T09:00:00Z')

/** A stored, opened document of codex that is switched on; `null` parts are left out. */
export function aDesired(overrides: Partial<SyncDesired> = {}): SyncDesired {
  return {
    runtime: 'codex',
    target: { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' },
    isEnabled: true,
    document: aDocument(),
    updatePolicy: 'IfMissing',
    removalPolicy: 'Retain',
    suspendedBy: null,
    hasAccountField: true,
    ...overrides,
  }
}

export function aDocument(
  opened: Partial<NonNullable<NonNullable<SyncDesired['document']>['opened']>> = {},
): NonNullable<SyncDesired['document']> {
  return {
    sha256: 'stored',
    updatedAt: STORED_AT,
    opened: { digest: 'h-stored', account: 'h-ada', lastRefresh: '2026-11-20T00:00:00Z', ...opened },
  }
}

/** A document that does not open. */
export const SEALED = { sha256: 'stored', updatedAt: STORED_AT, opened: null }

/** What our agent reports of a file that is not there. */
export function aFile(overrides: Partial<RuntimeFileReport> = {}): RuntimeFileReport {
  return {
    targetPath: '/home/u/.codex/auth.json',
    exists: false,
    digest: null,
    lastWrittenDigest: null,
    account: null,
    lastRefresh: null,
    modifiedAt: null,
    mode: null,
    size: null,
    sessions: null,
    error: null,
    ...overrides,
  }
}

/** A file that is exactly what our agent wrote: the stored document unless told otherwise. */
export function anOwnFile(
  digest = 'h-stored',
  overrides: Partial<RuntimeFileReport> = {},
): RuntimeFileReport {
  return aFile({
    exists: true,
    digest,
    lastWrittenDigest: digest,
    account: 'h-ada',
    lastRefresh: '2026-11-20T00:00:00Z',
    modifiedAt: STORED_AT + 1_000,
    size: 100,
    ...overrides,
  })
}

/** What an executor of the reference system reports. */
export function anExecutorFile(exists: boolean | null): RuntimeFileReport {
  return aFile({ exists })
}

export function aReport(
  file: RuntimeFileReport | null = aFile(),
  overrides: Partial<DeviceReport> = {},
): DeviceReport {
  return {
    namespace: 'user-7',
    deviceId: 'device-1',
    displayName: 'Laptop',
    deviceType: 'local',
    executorVersion: '1.0.0',
    isOurAgent: true,
    isOnline: true,
    lastHeartbeatAt: NOW - 1_000,
    heartbeatCount: 5,
    runtimes: new Map(file === null ? [] : [['codex', file]]),
    configs: new Map(),
    ...overrides,
  }
}

/** A device that reports this of its file. */
export function anObserved(
  file: RuntimeFileReport | null = aFile(),
  overrides: Partial<SyncObserved> = {},
): SyncObserved {
  return { report: aReport(file), isDeviceKnown: true, history: NO_HISTORY, ...overrides }
}

export function aHistory(overrides: Partial<SyncHistory> = {}): SyncHistory {
  return { ...NO_HISTORY, ...overrides }
}
