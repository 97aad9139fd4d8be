import { describe, expect, it } from 'vitest'

import { outcomeOf, planRequested } from '#core/auth-sync-request.ts'
import { decideAuthSync } from '#core/auth-sync.ts'
import {
  aDesired,
  aFile,
  anExecutorFile,
  anObserved,
  anOwnFile,
  aReport,
  NOW,
  SEALED,
} from '#test/support/auth-sync.ts'

function decide(desired = aDesired(), observed = anObserved()) {
  return decideAuthSync(desired, observed, NOW)
}

describe('a requested sync', () => {
  it.each([
    ['there is no file', aFile()],
    ['a file is there: the device says so itself', anExecutorFile(true)],
    ['the device did not say', null],
    ['someone else wrote it', anOwnFile('h-own', { lastWrittenDigest: null })],
    ['it is there already', anOwnFile()],
  ])('offers the document when %s', (_when, file) => {
    expect(planRequested(decide(aDesired(), anObserved(file)))).toEqual({ type: 'write' })
  })

  it('replaces what the policy lets it replace', () => {
    const decision = decide(aDesired({ updatePolicy: 'IfStale' }), anObserved(anOwnFile('h-old')))
    expect(planRequested(decision)).toEqual({ type: 'replace', digest: 'h-old' })
  })

  it.each([
    ['offline', "Device 'device-1' is offline", aDesired(), aReport(aFile(), { isOnline: false })],
    [
      'unsupported',
      "Device command key 'sync_runtime_auth_file' is not supported for remote devices",
      aDesired(),
      aReport(aFile(), { deviceType: 'remote' }),
    ],
    ['failed', 'use_user_config is not true for codex.', aDesired({ isEnabled: false }), aReport()],
    [
      'failed',
      'The device is suspended (spec.suspend is true).',
      aDesired({ suspendedBy: 'device' }),
      aReport(),
    ],
    [
      'failed',
      'The stored auth document does not open with the keys of this server.',
      aDesired({ document: SEALED }),
      aReport(),
    ],
  ])('sends nothing and answers %s: %s', (...[status, error, desired, report]) => {
    const decision = decide(desired, anObserved(null, { report }))
    expect(planRequested(decision)).toEqual({ type: 'none' })
    expect(outcomeOf('device-1', decision)).toEqual({ deviceId: 'device-1', success: false, status, error })
  })
})
