import { describe, expect, it } from 'vitest'

import {
  withAnswer,
  withFailure,
  withFreshStart,
  withImport,
  withOffline,
  withReport,
  withSent,
  withStall,
} from '#core/auth-sync-history.ts'
import {
  NO_HISTORY,
  QUARANTINE_AFTER,
  type SentCommand,
  type SyncDesired,
  type SyncHistory,
} from '#core/auth-sync-input.ts'
import type { CommandStatus } from '#core/device-command.ts'
import type { RuntimeFileReport } from '#core/device-report.ts'
import {
  aDesired,
  aFile,
  aHistory,
  anExecutorFile,
  anOwnFile,
  aReport,
  NOW,
  SEALED,
} from '#test/support/auth-sync.ts'

const WRITE: SentCommand = { action: 'write', sha256: 'stored' }
const REPLACE: SentCommand = { action: 'replace', sha256: 'stored' }
const REMOVE: SentCommand = { action: 'remove', sha256: null }
const OFF = aDesired({ isEnabled: false, removalPolicy: 'RemoveManaged' })
const FAILURE = { result: 'failed', message: 'disk is full', retryAt: NOW + 1_000 }

/** What was sent and answered when five heartbeats had come. */
function answered(status: CommandStatus, sent = WRITE, before: SyncHistory = NO_HISTORY): SyncHistory {
  return withAnswer(withSent(before, sent), sent, { status, at: NOW, heartbeatCount: 5 })
}

interface Heard {
  readonly desired?: SyncDesired
  readonly heartbeatCount?: number
}

/** What the history is after a heartbeat, the sixth unless told otherwise. */
function hear(
  history: SyncHistory,
  file: RuntimeFileReport | null,
  { desired = aDesired(), heartbeatCount = 6 }: Heard = {},
) {
  const observed = { report: aReport(file, { heartbeatCount }), isDeviceKnown: true, history }
  return withReport(history, { desired, observed, retryAt: NOW + 1_000 })
}

describe('a command', () => {
  it.each([
    ['write', 'sync_runtime_auth_file'],
    ['replace', 'sync_runtime_auth_file'],
    ['remove', 'remove_runtime_auth_file'],
    ['import', 'read_runtime_auth_file'],
  ] as const)('to %s is %s, and is on its way', (action, lastCommand) => {
    const sent = { action, sha256: null }
    expect(withSent(NO_HISTORY, sent)).toEqual({
      ...NO_HISTORY,
      lastCommand,
      progress: { phase: 'sending', sent },
    })
  })

  it('that was answered waits for a heartbeat to prove it', () => {
    expect(answered('written')).toEqual({
      ...NO_HISTORY,
      lastCommand: 'sync_runtime_auth_file',
      lastResult: 'written',
      lastSyncAt: NOW,
      knownSha256: 'stored',
      progress: { phase: 'verifying', sent: WRITE, afterHeartbeat: 5 },
    })
  })

  it('that found a file says nothing of which document it is', () => {
    expect(answered('skipped_existing').knownSha256).toBeNull()
  })

  it('that imported a document has nothing to prove', () => {
    const before = withSent(aHistory({ attempts: 2 }), { action: 'import', sha256: null })
    expect(withImport(before, NOW)).toMatchObject({
      lastResult: 'imported',
      attempts: 0,
      lastSyncAt: NOW,
      progress: { phase: 'idle' },
    })
  })
})

describe('a heartbeat', () => {
  it('proves a write by the file', () => {
    expect(hear(answered('written', WRITE, aHistory({ attempts: 3 })), anOwnFile())).toMatchObject({
      attempts: 0,
      knownSha256: 'stored',
      progress: { phase: 'idle' },
    })
  })

  it('proves it too when it overtook the answer', () => {
    expect(hear(answered('written'), anOwnFile(), { heartbeatCount: 5 }).progress).toEqual({ phase: 'idle' })
  })

  it('proves it on a device that reports no digests', () => {
    expect(hear(answered('written'), anExecutorFile(true))).toMatchObject({
      knownSha256: 'stored',
      progress: { phase: 'idle' },
    })
  })

  it('of before the answer cannot say that it had no effect, nor what is there', () => {
    const history = answered('written')
    expect(hear(history, aFile(), { heartbeatCount: 5 })).toBe(history)
    expect(hear(history, aFile(), { heartbeatCount: 5 })).toMatchObject({
      attempts: 0,
      progress: history.progress,
    })
  })

  it('that still shows no file after a write is a failure', () => {
    expect(hear(answered('written'), aFile())).toMatchObject({
      attempts: 1,
      nextAttemptAt: NOW + 1_000,
      knownSha256: null,
      lastError: 'The device answered "written", but its next heartbeat shows no effect.',
      progress: { phase: 'idle' },
    })
  })

  it('that shows no file although the device found one stalls: the paths do not match', () => {
    const history = hear(answered('skipped_existing'), aFile())
    expect(history).toMatchObject({ attempts: 0, nextAttemptAt: null, stall: { reason: 'PathMismatch' } })
    expect(hear(history, aFile(), { heartbeatCount: 7 })).toBe(history)
  })

  it('that shows no file where the last report had one shows a new loss, and no mismatch', () => {
    const offered = answered('skipped_existing', { ...WRITE, foundFile: true })
    expect(hear(offered, aFile())).toMatchObject({
      attempts: 0,
      nextAttemptAt: null,
      stall: null,
      progress: { phase: 'idle' },
    })
  })

  it('that says nothing of the file ends the waiting, for there is nothing to wait for', () => {
    expect(hear(answered('written'), null)).toMatchObject({ attempts: 0, progress: { phase: 'idle' } })
  })

  it('does not hold against a command that what is wanted changed meanwhile', () => {
    const sent = { action: 'write', sha256: 'stored-before' } as const
    expect(hear(answered('written', sent), aFile())).toMatchObject({
      attempts: 0,
      stall: null,
      progress: { phase: 'idle' },
    })
  })

  it('with the old document after a replacement is a failure, whatever the device answered', () => {
    const desired = aDesired({ updatePolicy: 'IfStale' })
    for (const status of ['written', 'skipped_existing'] as const) {
      expect(hear(answered(status, REPLACE), anOwnFile('h-old'), { desired })).toMatchObject({
        attempts: 1,
        stall: null,
      })
    }
  })

  it('with a file of someone else after a write ends it: the owner was faster', () => {
    const file = anOwnFile('h-own', { lastWrittenDigest: null })
    expect(hear(answered('skipped_existing'), file)).toMatchObject({
      attempts: 0,
      stall: null,
      progress: { phase: 'idle' },
    })
  })

  it('without the file proves a removal; with it, not', () => {
    const history = answered('removed', REMOVE, aHistory({ knownSha256: 'stored' }))
    expect(hear(history, aFile({ lastWrittenDigest: 'h-old' }), { desired: OFF })).toMatchObject({
      attempts: 0,
      knownSha256: null,
      progress: { phase: 'idle' },
    })
    expect(hear(history, anOwnFile('h-old'), { desired: OFF })).toMatchObject({ attempts: 1 })
  })

  it('that shows all is well forgets the failures before', () => {
    const failed = aHistory({
      attempts: 5,
      nextAttemptAt: NOW,
      stall: { reason: 'PathMismatch', message: 'two files' },
    })
    expect(hear(failed, anOwnFile())).toMatchObject({ attempts: 0, nextAttemptAt: null, stall: null })
    expect(hear(failed, null)).toBe(failed)
  })

  it('that says nothing new changes nothing at all', () => {
    const history = aHistory({ attempts: 3, nextAttemptAt: NOW })
    expect(hear(history, aFile())).toBe(history)
  })
})

describe('the document known to be on a device', () => {
  it.each([
    ['the stored one is there', null, anOwnFile(), aDesired(), 'stored'],
    ['the file is gone', 'stored', aFile(), aDesired(), null],
    ['the device does not say', 'stored', anExecutorFile(null), aDesired(), 'stored'],
    ['the device has no digests', 'stored', anExecutorFile(true), aDesired(), 'stored'],
    ['an earlier one of ours is there', 'older', anOwnFile('h-old'), aDesired(), 'older'],
    [
      'an earlier one of ours is there, but which is not known',
      'stored',
      anOwnFile('h-old'),
      aDesired(),
      null,
    ],
    [
      'another one is there',
      'stored',
      anOwnFile('h-new', { lastWrittenDigest: 'h-stored' }),
      aDesired(),
      null,
    ],
    ['nothing opens to compare with', 'older', anOwnFile('h-old'), aDesired({ document: SEALED }), 'older'],
    ['nothing is stored any more', 'older', anOwnFile('h-old'), aDesired({ document: null }), 'older'],
  ])('when %s', (...[_when, knownSha256, file, desired, expected]) => {
    expect(hear(aHistory({ knownSha256 }), file, { desired }).knownSha256).toBe(expected)
  })
})

describe('failures', () => {
  it('wait longer and longer, until the eighth is the last', () => {
    let history = NO_HISTORY
    for (let attempt = 1; attempt < QUARANTINE_AFTER; attempt += 1) {
      history = withFailure(history, FAILURE)
      expect([history.attempts, history.nextAttemptAt]).toEqual([attempt, NOW + 1_000])
    }
    expect(withFailure(history, FAILURE)).toMatchObject({
      attempts: 8,
      nextAttemptAt: null,
      lastResult: 'failed',
      lastError: 'disk is full',
      progress: { phase: 'idle' },
    })
  })

  it('do not count when the device only went away', () => {
    expect(withOffline(aHistory({ attempts: 7 }), { ...FAILURE, result: 'offline' })).toMatchObject({
      attempts: 7,
      lastResult: 'offline',
      nextAttemptAt: NOW + 1_000,
    })
  })

  it('that nothing but a change can mend stop it at once', () => {
    const stall = { reason: 'CommandUnsupported', message: 'update the agent' }
    expect(withStall(aHistory({ nextAttemptAt: NOW }), 'unsupported', stall)).toMatchObject({
      stall,
      nextAttemptAt: null,
      lastResult: 'unsupported',
    })
  })

  it('are forgotten at a fresh start', () => {
    const failed = aHistory({
      attempts: 8,
      nextAttemptAt: NOW,
      stall: { reason: 'PathMismatch', message: '' },
    })
    expect(withFreshStart(failed)).toEqual(NO_HISTORY)
    expect(withFreshStart(NO_HISTORY)).toBe(NO_HISTORY)
  })
})
