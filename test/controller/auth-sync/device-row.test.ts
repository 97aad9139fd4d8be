import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readRow, toDeviceRow } from '#controller/auth-sync/device-row.ts'
import { decideAuthSync } from '#core/auth-sync.ts'
import type { DeviceRuntime } from '#crds/types/device.ts'
import { aDesired, aHistory, anObserved, NOW } from '#test/support/auth-sync.ts'
import { aRecord } from '#test/support/sync-record.ts'

const SENT = { action: 'write', sha256: null } as const

function aDecision(state: DeviceRuntime['state'], reason: string, message = 'It is so.') {
  return { state, reason, message, action: { type: 'none' } as const }
}

describe('a row of a device', () => {
  it('says what was decided, done and found out', () => {
    expect(toDeviceRow('codex', aRecord())).toEqual({
      name: 'codex',
      state: 'InSync',
      reason: 'UpToDate',
      message: 'The device has the stored document.',
      attempts: 0,
      targetPath: '/home/u/.codex/auth.json',
      digest: 'a'.repeat(64),
      lastCommand: 'sync_runtime_auth_file',
      lastResult: 'written',
      lastSyncTime: '2026-11-21T09:59:00.000Z',
    })
  })

  it('leaves out what is not known', () => {
    const record = aRecord({
      history: aHistory(),
      decision: aDecision('Missing', 'Online'),
      targetPath: null,
      basis: null,
    })
    expect(toDeviceRow('codex', record)).toEqual({
      name: 'codex',
      state: 'Missing',
      reason: 'Online',
      message: 'It is so.',
      attempts: 0,
    })
  })

  it('keeps what failures were about, so that another process knows whether they still count', () => {
    const history = aHistory({ attempts: 2, nextAttemptAt: NOW })
    expect(toDeviceRow('codex', aRecord({ history }))).toMatchObject({
      attempts: 2,
      nextAttemptTime: '2026-11-21T10:00:00.000Z',
      attemptsFor: 'basis-1',
    })
    const stalled = aHistory({ stall: { reason: 'PathMismatch', message: '' } })
    expect(toDeviceRow('codex', aRecord({ history: stalled }))).toMatchObject({ attemptsFor: 'basis-1' })
  })

  it('says that a command is on its way, whatever was decided before', () => {
    const history = aHistory({ progress: { phase: 'sending', sent: SENT } })
    expect(
      toDeviceRow('codex', aRecord({ history, decision: aDecision('Missing', 'Missing') })),
    ).toMatchObject({
      state: 'Syncing',
      reason: 'NotInFlight',
    })
  })

  it('is not there where nothing was decided, or nothing was ever to be done', () => {
    expect(toDeviceRow('codex', aRecord({ decision: null }))).toBeNull()
    expect(
      toDeviceRow('codex', aRecord({ decision: aDecision('NotManaged', 'Enabled'), history: aHistory() })),
    ).toBeNull()
    expect(toDeviceRow('codex', aRecord({ decision: aDecision('NotManaged', 'Removed') }))).toMatchObject({
      reason: 'Removed',
    })
  })

  it('takes only so much of what a device says of itself', () => {
    const decision = aDecision('Stalled', 'NotQuarantined', `${'x'.repeat(1_023)}😀 and more`)
    const row = toDeviceRow('codex', aRecord({ decision, targetPath: '/'.repeat(5_000) }))
    expect([row?.message?.length, row?.message?.isWellFormed(), row?.targetPath?.length]).toEqual([
      1_024,
      true,
      4_096,
    ])
  })
})

describe('after a restart', () => {
  it.each([
    [
      'that failed',
      aHistory({
        attempts: 3,
        nextAttemptAt: NOW,
        lastCommand: 'sync_runtime_auth_file',
        lastResult: 'failed',
      }),
    ],
    [
      'that is quarantined',
      aHistory({ attempts: 8, lastCommand: 'sync_runtime_auth_file', lastResult: 'timed_out' }),
    ],
    ['that got its file', aRecord().history],
    [
      'that stalled',
      aHistory({ lastResult: 'skipped_existing', stall: { reason: 'PathMismatch', message: 'two files' } }),
    ],
  ])('the history of a device %s is as before', (_which, history) => {
    const stall = history.stall ?? { reason: 'NotQuarantined', message: 'It is so.' }
    const isStalled = history.stall !== null || history.attempts >= 8
    const decision = isStalled
      ? aDecision('Stalled', stall.reason, stall.message)
      : aDecision('Missing', 'Missing')
    const row = toDeviceRow('codex', aRecord({ history, decision }))
    expect(row && readRow(row)).toEqual({
      history,
      basis: isStalled || history.attempts > 0 ? 'basis-1' : null,
      targetPath: '/home/u/.codex/auth.json',
    })
  })

  it.each([
    ['sync_runtime_auth_file', 'write'],
    ['remove_runtime_auth_file', 'remove'],
  ])('a command that waited to be proven still does: %s', (lastCommand, action) => {
    const row: DeviceRuntime = { name: 'codex', state: 'Verifying', lastCommand }
    expect(readRow(row).history.progress).toEqual({
      phase: 'verifying',
      sent: { action, sha256: null },
      afterHeartbeat: 0,
    })
  })

  it('a command that was on its way may have come to anything: the next report says what', () => {
    expect(readRow({ name: 'codex', state: 'Syncing' }).history).toEqual(aHistory())
  })

  it('whatever somebody wrote into the row makes a history to decide with', () => {
    const text = fc.option(fc.string(), { nil: undefined })
    const rows = fc.record({
      name: fc.constant('codex'),
      state: fc.constantFrom(
        'InSync' as const,
        'Stalled' as const,
        'Verifying' as const,
        'Syncing' as const,
        'Missing' as const,
      ),
      reason: text,
      message: text,
      digest: text,
      lastCommand: text,
      lastResult: text,
      lastSyncTime: text,
      nextAttemptTime: text,
      attempts: fc.option(fc.nat(), { nil: undefined }),
    })
    const isUsable = fc.property(rows, (row) => {
      const { history } = readRow(JSON.parse(JSON.stringify(row)))
      const decision = decideAuthSync(aDesired(), anObserved(undefined, { history }), NOW)
      return decision.gates.length === 12
    })
    expect(fc.check(isUsable).counterexample).toBeNull()
  })
})
