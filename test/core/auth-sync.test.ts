import { describe, expect, it } from 'vitest'

import { GATES, type GateName } from '#core/auth-sync-gates.ts'
import type { SyncHistory } from '#core/auth-sync-input.ts'
import { decideAuthSync } from '#core/auth-sync.ts'
import {
  aDesired,
  aDocument,
  aFile,
  aHistory,
  anExecutorFile,
  anObserved,
  anOwnFile,
  aReport,
  NOW,
  SEALED,
} from '#test/support/auth-sync.ts'

const IF_STALE = aDesired({ updatePolicy: 'IfStale' })
const REMOVING = { removalPolicy: 'RemoveManaged' } as const
const LATER = '2026-11-21T00:00:00Z'
const EARLIER = '2026-11-19T00:00:00Z'

function decide(desired = aDesired(), observed = anObserved(), now = NOW) {
  return decideAuthSync(desired, observed, now)
}

/** What the tables below compare. */
function brief(desired = aDesired(), observed = anObserved()) {
  const { state, reason, action } = decide(desired, observed)
  return [state, reason, action.type]
}

function gatesThatFail(desired = aDesired(), observed = anObserved()): readonly GateName[] {
  return decide(desired, observed)
    .gates.filter((gate) => !gate.passed)
    .map((gate) => gate.name)
}

describe('the state of a file', () => {
  it.each([
    ['there is none', aFile(), ['Missing', 'Missing', 'write']],
    ['it is the stored document', anOwnFile(), ['InSync', 'UpToDate', 'none']],
    [
      'it is the stored document, put there by its owner',
      anOwnFile('h-stored', { lastWrittenDigest: null }),
      ['InSync', 'UpToDate', 'none'],
    ],
    ['it exists and has no digest', anExecutorFile(true), ['InSync', 'UpToDate', 'none']],
    ['the device does not say', anExecutorFile(null), ['Unknown', 'Reported', 'none']],
    ['the device says nothing of the runtime', null, ['Unknown', 'Reported', 'none']],
    [
      'the device could not look',
      aFile({ exists: null, error: 'no access' }),
      ['Unknown', 'Reported', 'none'],
    ],
    ['it is an older document of ours', anOwnFile('h-old'), ['Stale', 'KeptByPolicy', 'none']],
    [
      'the CLI refreshed what we wrote',
      anOwnFile('h-new', { lastWrittenDigest: 'h-stored', lastRefresh: LATER }),
      ['RotatedOnDevice', 'RotatedOnDevice', 'none'],
    ],
    [
      'it was there before anything was delivered',
      anOwnFile('h-own', { lastWrittenDigest: null }),
      ['Foreign', 'WrittenElsewhere', 'none'],
    ],
    [
      'it belongs to another account',
      anOwnFile('h-own', { lastWrittenDigest: 'h-stored', account: 'h-eve', lastRefresh: LATER }),
      ['Foreign', 'OtherAccount', 'none'],
    ],
    [
      'it is of the same account but older',
      anOwnFile('h-own', { lastWrittenDigest: 'h-stored', lastRefresh: EARLIER }),
      ['Foreign', 'WrittenElsewhere', 'none'],
    ],
    [
      'its account is not known',
      anOwnFile('h-own', { lastWrittenDigest: 'h-stored', account: null, lastRefresh: LATER }),
      ['Foreign', 'WrittenElsewhere', 'none'],
    ],
    ['it is no JSON object', aFile({ exists: true, size: 3 }), ['Foreign', 'NotADocument', 'none']],
  ])('when %s', (_when, file, expected) => {
    expect(brief(aDesired(), anObserved(file))).toEqual(expected)
  })

  it.each([
    ['an older document of ours', anOwnFile('h-old'), ['Stale', 'Stale', 'replace']],
    [
      'an older document of ours that was refreshed later',
      anOwnFile('h-old', { lastRefresh: LATER }),
      ['Stale', 'NewerOnDevice', 'none'],
    ],
    [
      'what the CLI refreshed',
      anOwnFile('h-new', { lastWrittenDigest: 'h-stored', lastRefresh: LATER }),
      ['RotatedOnDevice', 'RotatedOnDevice', 'import'],
    ],
    [
      'a file of someone else',
      anOwnFile('h-own', { lastWrittenDigest: null, lastRefresh: LATER }),
      ['Foreign', 'WrittenElsewhere', 'none'],
    ],
    ['the stored document', anOwnFile(), ['InSync', 'UpToDate', 'none']],
    ['no file', aFile(), ['Missing', 'Missing', 'write']],
    ['a file without a digest', anExecutorFile(true), ['InSync', 'UpToDate', 'none']],
  ])('with updatePolicy IfStale, on %s', (_what, file, expected) => {
    expect(brief(IF_STALE, anObserved(file))).toEqual(expected)
  })

  it('replaces exactly the digest that was reported', () => {
    expect(decide(IF_STALE, anObserved(anOwnFile('h-old'))).action).toEqual({
      type: 'replace',
      digest: 'h-old',
    })
  })

  it.each([
    ['after it was stored', 1, 'RotatedOnDevice'],
    ['before it was stored', -1, 'Foreign'],
  ])('goes by the time of change where the CLI keeps none: %s', (_when, sinceMs, state) => {
    const desired = aDesired({ document: aDocument({ lastRefresh: null }) })
    const modifiedAt = (desired.document?.updatedAt ?? 0) + sinceMs
    const file = anOwnFile('h-new', { lastWrittenDigest: 'h-stored', lastRefresh: null, modifiedAt })
    expect(decide(desired, anObserved(file)).state).toBe(state)
  })

  it('offers to import where the runtime names no account, but leaves it to a person', () => {
    const document = aDocument({ account: null })
    const desired = aDesired({ document, hasAccountField: false, updatePolicy: 'IfStale' })
    const file = anOwnFile('h-new', { lastWrittenDigest: 'h-stored', account: null, lastRefresh: LATER })
    expect(brief(desired, anObserved(file))).toEqual(['RotatedOnDevice', 'RotatedOnDevice', 'none'])
  })

  it('knows an older document by what was delivered where the device reports no digests', () => {
    const observed = anObserved(anExecutorFile(true), { history: aHistory({ knownSha256: 'older' }) })
    expect(brief(IF_STALE, observed)).toEqual(['Stale', 'DigestNotReported', 'none'])
  })

  it('cannot compare with a document that does not open', () => {
    const desired = aDesired({ document: SEALED })
    expect(brief(desired, anObserved(anOwnFile()))).toEqual(['Unknown', 'Decryptable', 'none'])
    expect(brief(desired, anObserved(aFile()))).toEqual(['Missing', 'Decryptable', 'none'])
  })
})

describe('what is no longer wanted', () => {
  const off = aDesired({ isEnabled: false, ...REMOVING })
  const deleted = aDesired({ document: null, ...REMOVING })

  it.each([
    ['the switch is off', off],
    ['the document was deleted', deleted],
  ])('is removed when it is exactly what was delivered and %s', (_why, desired) => {
    const { state, action, gates } = decide(desired, anObserved(anOwnFile('h-any')))
    expect([state, action]).toEqual(['ToRemove', { type: 'remove', digest: 'h-any' }])
    expect(gates.every((gate) => gate.passed)).toBe(true)
  })

  it.each([
    ['someone else wrote it', anOwnFile('h-own', { lastWrittenDigest: null })],
    ['the CLI refreshed it', anOwnFile('h-new', { lastWrittenDigest: 'h-stored' })],
    ['it has no digest', anExecutorFile(true)],
    ['it is gone already', aFile({ lastWrittenDigest: 'h-stored' })],
    ['the device does not say', anExecutorFile(null)],
  ])('stays when %s', (_why, file) => {
    expect(brief(off, anObserved(file))).toEqual(['NotManaged', 'Enabled', 'none'])
    expect(brief(deleted, anObserved(file))).toEqual(['NotManaged', 'Stored', 'none'])
  })

  it('stays with removalPolicy Retain', () => {
    expect(brief(aDesired({ isEnabled: false }), anObserved(anOwnFile()))).toEqual([
      'NotManaged',
      'Enabled',
      'none',
    ])
  })

  it.each(['removed', 'absent'])(
    'is called removed once the device answered %s and reports that it is gone',
    (lastResult) => {
      const observed = anObserved(aFile(), { history: aHistory({ lastResult }) })
      expect(brief(off, observed)).toEqual(['NotManaged', 'Removed', 'none'])
      expect(decide(off, observed).message).toContain('gone')
    },
  )

  it('does not need a document that opens', () => {
    const desired = aDesired({ isEnabled: false, document: SEALED, ...REMOVING })
    expect(brief(desired, anObserved(anOwnFile()))).toEqual(['ToRemove', 'ToRemove', 'remove'])
  })
})

describe('the gates', () => {
  const verifying: SyncHistory = aHistory({
    lastResult: 'written',
    progress: { phase: 'verifying', sent: { action: 'write', sha256: 'stored' }, afterHeartbeat: 5 },
  })
  const sending: SyncHistory = aHistory({
    progress: { phase: 'sending', sent: { action: 'write', sha256: 'stored' } },
  })

  it('are all asked, in their order, and all passed when a file is missing', () => {
    const { gates } = decide()
    expect(gates.map((gate) => gate.name)).toEqual(GATES)
    expect(gates.every((gate) => gate.passed)).toBe(true)
  })

  it.each([
    ['Enabled', 'NotManaged', aDesired({ isEnabled: false }), anObserved()],
    ['Stored', 'NotManaged', aDesired({ document: null }), anObserved()],
    ['Decryptable', 'Missing', aDesired({ document: SEALED }), anObserved()],
    ['NotSuspended', 'Missing', aDesired({ suspendedBy: 'resource' }), anObserved()],
    ['NotSuspended', 'Missing', aDesired({ suspendedBy: 'device' }), anObserved()],
    ['NotSuspended', 'Missing', aDesired({ suspendedBy: 'user' }), anObserved()],
    ['DeviceKnown', 'Unknown', aDesired(), anObserved(null, { report: null, isDeviceKnown: false })],
    ['Online', 'Unknown', aDesired(), anObserved(null, { report: null })],
    ['Online', 'Missing', aDesired(), anObserved(null, { report: aReport(aFile(), { isOnline: false }) })],
    [
      'Supported',
      'Missing',
      aDesired(),
      anObserved(null, { report: aReport(aFile(), { deviceType: 'remote' }) }),
    ],
    ['Reported', 'Unknown', aDesired(), anObserved(null)],
    ['NotInFlight', 'Syncing', aDesired(), anObserved(aFile(), { history: sending })],
    ['NotInFlight', 'Verifying', aDesired(), anObserved(aFile(), { history: verifying })],
    [
      'NotBackingOff',
      'Missing',
      aDesired(),
      anObserved(aFile(), { history: aHistory({ attempts: 1, nextAttemptAt: NOW + 1 }) }),
    ],
    ['NotQuarantined', 'Stalled', aDesired(), anObserved(aFile(), { history: aHistory({ attempts: 8 }) })],
  ])('%s: nothing is sent, and the state is %s', (...[gate, state, desired, observed]) => {
    const decision = decide(desired, observed)
    expect([decision.reason, decision.state, decision.action.type]).toEqual([gate, state, 'none'])
    expect(decision.message).toBe(decision.gates.find(({ name }) => name === gate)?.message)
    expect(decision.unblock).toSatisfy(
      (text) => gate.startsWith('NotInF') || gate.startsWith('NotB') || typeof text === 'string',
    )
  })

  it('say all that is wrong at once', () => {
    const observed = anObserved(null, { report: aReport(null, { isOnline: false, deviceType: 'remote' }) })
    expect(
      gatesThatFail(aDesired({ isEnabled: false, document: null, suspendedBy: 'device' }), observed),
    ).toEqual([
      'Enabled',
      'Stored',
      'Decryptable',
      'NotSuspended',
      'Online',
      'Supported',
      'Reported',
      'NeedsFile',
    ])
  })

  it('64: say in the words of the reference system that remote devices get no auth command', () => {
    const { message } = decide(
      aDesired(),
      anObserved(null, { report: aReport(aFile(), { deviceType: 'remote' }) }),
    )
    expect(message).toBe("Device command key 'sync_runtime_auth_file' is not supported for remote devices")
  })

  it.each([
    ['remove', 'remove_runtime_auth_file', aDesired({ isEnabled: false, ...REMOVING }), anOwnFile()],
    [
      'import',
      'read_runtime_auth_file',
      IF_STALE,
      anOwnFile('h-new', { lastWrittenDigest: 'h-stored', lastRefresh: LATER }),
    ],
  ])('name the command that a remote device does not get to %s', (...[_what, command, desired, file]) => {
    const observed = anObserved(null, { report: aReport(file, { deviceType: 'remote' }) })
    expect(decide(desired, observed).message).toContain(`'${command}'`)
  })

  it.each([
    ['replaced', IF_STALE],
    ['removed', aDesired({ isEnabled: false, ...REMOVING })],
  ])('keep a file from being %s by an executor that cannot', (_what, desired) => {
    const observed = anObserved(null, { report: aReport(anOwnFile('h-old'), { isOurAgent: false }) })
    expect(decide(desired, observed)).toMatchObject({ reason: 'Supported', action: { type: 'none' } })
  })

  it.each(['resource', 'device', 'user'] as const)('say who suspended: %s', (suspendedBy) => {
    const { message, unblock } = decide(aDesired({ suspendedBy }), anObserved())
    expect(`${message} ${unblock}`).toMatch(
      suspendedBy === 'resource' ? /codex/ : new RegExp(suspendedBy, 'i'),
    )
  })

  it('let a waiting time pass at its very end, and one that only a jump of the clock explains', () => {
    const at = (nextAttemptAt: number) =>
      gatesThatFail(aDesired(), anObserved(aFile(), { history: aHistory({ nextAttemptAt }) }))
    expect([at(NOW + 1), at(NOW), at(NOW + 300_000), at(NOW + 300_001)]).toEqual([
      ['NotBackingOff'],
      [],
      ['NotBackingOff'],
      [],
    ])
  })

  it('say when the next attempt is, and why the last one failed', () => {
    const history = aHistory({ attempts: 3, nextAttemptAt: NOW + 4_000, lastError: 'read-only file system' })
    const { message, nextAttemptAt, nextAction } = decide(aDesired(), anObserved(aFile(), { history }))
    expect(message).toBe(
      'The next attempt is at 2026-11-21T10:00:04.000Z. 3 attempts in a row failed: read-only file system',
    )
    expect([nextAttemptAt, nextAction]).toEqual([NOW + 4_000, 'write'])
  })

  it('show why the operator gave up', () => {
    const stall = { reason: 'PathMismatch', message: 'it looks at two different files' }
    const decision = decide(aDesired(), anObserved(aFile(), { history: aHistory({ stall }) }))
    expect(decision).toMatchObject({ state: 'Stalled', ...stall, nextAction: 'none', nextAttemptAt: null })
    expect(decision.unblock).toContain('same file')
  })

  it('name what comes next while a device is away, and nothing while a person has to act', () => {
    const away = anObserved(null, { report: aReport(aFile(), { isOnline: false }) })
    expect(decide(aDesired(), away).nextAction).toBe('write')
    expect(decide(aDesired({ suspendedBy: 'device' }), away).nextAction).toBe('none')
  })
})
