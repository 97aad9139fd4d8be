import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { GATES } from '#core/auth-sync-gates.ts'
import { withReport } from '#core/auth-sync-history.ts'
import type { SyncDesired, SyncHistory, SyncObserved } from '#core/auth-sync-input.ts'
import { planRequested } from '#core/auth-sync-request.ts'
import { type Decision, decideAuthSync } from '#core/auth-sync.ts'
import type { DeviceReport, RuntimeFileReport } from '#core/device-report.ts'
import { aDesired, aFile, aHistory, aReport, NOW } from '#test/support/auth-sync.ts'

// Few values each, so that equal and unequal ones meet often.
const digest = fc.constantFrom('h-a', 'h-b', 'h-c')
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null })
const time = fc.constantFrom(
  '2026-11-19T00:00:00Z',
  '2026-11-20T00:00:00Z',
  '2026-11-21T00:00:00Z',
  'not a time',
)
const epoch = fc.constantFrom(NOW - 1_000, NOW, NOW + 1_000, NOW + 10_000_000)

const document = fc.record({
  sha256: fc.constantFrom('s-a', 's-b'),
  updatedAt: maybe(epoch),
  opened: maybe(
    fc.record({ digest, account: maybe(fc.constantFrom('ada', 'eve')), lastRefresh: maybe(time) }),
  ),
})

const desiredValues: fc.Arbitrary<SyncDesired> = fc
  .record({
    isEnabled: fc.boolean(),
    document: maybe(document),
    updatePolicy: fc.constantFrom('IfMissing' as const, 'IfStale' as const),
    removalPolicy: fc.constantFrom('Retain' as const, 'RemoveManaged' as const),
    suspendedBy: maybe(fc.constantFrom('resource' as const, 'device' as const, 'user' as const)),
    hasAccountField: fc.boolean(),
  })
  .map((parts) => aDesired(parts))

const fileValues: fc.Arbitrary<RuntimeFileReport> = fc
  .record({
    exists: maybe(fc.boolean()),
    digest: maybe(digest),
    lastWrittenDigest: maybe(digest),
    account: maybe(fc.constantFrom('ada', 'eve')),
    lastRefresh: maybe(time),
    modifiedAt: maybe(epoch),
    size: maybe(fc.constant(10)),
    error: maybe(fc.constant('no access')),
  })
  .map((parts) => aFile(parts))

const reportValues: fc.Arbitrary<DeviceReport> = fc
  .record({
    file: maybe(fileValues),
    isOnline: fc.boolean(),
    isOurAgent: fc.boolean(),
    deviceType: fc.constantFrom('local' as const, 'remote' as const, 'cloud' as const),
    heartbeatCount: fc.nat(9),
  })
  .map(({ file, ...parts }) => aReport(file, parts))

const sent = fc.record({
  action: fc.constantFrom('write' as const, 'replace' as const, 'remove' as const, 'import' as const),
  sha256: maybe(fc.constantFrom('s-a', 's-b')),
})

const progress: fc.Arbitrary<SyncHistory['progress']> = fc.oneof(
  fc.constant({ phase: 'idle' as const }),
  fc.record({ phase: fc.constant('sending' as const), sent }),
  fc.record({ phase: fc.constant('verifying' as const), sent, afterHeartbeat: fc.nat(9) }),
)

const historyValues: fc.Arbitrary<SyncHistory> = fc
  .record({
    lastResult: maybe(fc.constantFrom('written', 'skipped_existing', 'removed', 'absent', 'failed')),
    attempts: fc.nat(9),
    nextAttemptAt: maybe(epoch),
    knownSha256: maybe(fc.constantFrom('s-a', 's-b')),
    progress,
    stall: maybe(fc.constant({ reason: 'PathMismatch', message: 'two files' })),
  })
  .map((parts) => aHistory(parts))

const observedValues: fc.Arbitrary<SyncObserved> = fc.record({
  report: maybe(reportValues),
  isDeviceKnown: fc.boolean(),
  history: historyValues,
})

interface Case {
  readonly desired: SyncDesired
  readonly observed: SyncObserved
  readonly decision: Decision
  readonly file: RuntimeFileReport | undefined
}

/** Looks for a case in which a rule does not hold; `null` when there is none among many. */
function counterexample(rule: (example: Case) => boolean): unknown {
  const property = fc.property(desiredValues, observedValues, (desired, observed) => {
    const decision = decideAuthSync(desired, observed, NOW)
    return rule({ desired, observed, decision, file: observed.report?.runtimes.get('codex') })
  })
  return fc.check(property, { numRuns: 5_000 }).counterexample
}

/** The first gate that failed. */
function failedGate({ gates }: Decision): string | undefined {
  return gates.find((gate) => !gate.passed)?.name
}

describe('whatever is wanted and reported', () => {
  it.each<[string, (example: Case) => boolean]>([
    [
      'all gates are asked, in their order',
      ({ decision }) => decision.gates.every(({ name }, index) => name === GATES[index]),
    ],
    ['there is a reason', ({ decision }) => /^[A-Z][A-Za-z]+$/.test(decision.reason)],
    [
      'there are sentences',
      ({ decision }) => [decision, ...decision.gates].every(({ message }) => message.length > 5),
    ],
    [
      'something is done exactly when every gate is passed',
      ({ decision }) => (decision.action.type === 'none') === (failedGate(decision) !== undefined),
    ],
    [
      'giving up shows',
      ({ decision }) => (decision.state === 'Stalled') === (failedGate(decision) === 'NotQuarantined'),
    ],
    [
      'being on the way shows',
      ({ decision }) =>
        ['Syncing', 'Verifying'].includes(decision.state) === (failedGate(decision) === 'NotInFlight'),
    ],
    [
      'a file is written only where the device says that there is none',
      ({ decision, file }) => decision.action.type !== 'write' || file?.exists === false,
    ],
    [
      'a file is replaced or removed only if it is exactly what our agent wrote',
      ({ decision: { action }, file }) =>
        (action.type !== 'replace' && action.type !== 'remove') ||
        (file?.exists === true && file.digest === action.digest && file.lastWrittenDigest === action.digest),
    ],
    [
      'a file is replaced or removed only by our agent',
      ({ decision: { action }, observed }) =>
        !['replace', 'remove'].includes(action.type) || observed.report?.isOurAgent === true,
    ],
    [
      'a file is replaced only if the policy says so',
      ({ decision, desired }) => decision.action.type !== 'replace' || desired.updatePolicy === 'IfStale',
    ],
    [
      'no file is replaced by a document that was refreshed earlier',
      ({ decision, desired, file }) =>
        decision.action.type !== 'replace' ||
        !isEarlier(desired.document?.opened?.lastRefresh, file?.lastRefresh),
    ],
    [
      'a file is removed only when nothing is wanted and the policy says so',
      ({ decision, desired }) =>
        decision.action.type !== 'remove' ||
        (desired.removalPolicy === 'RemoveManaged' && !(desired.isEnabled && desired.document !== null)),
    ],
    [
      'a document is imported only if the policy says so, and of a proven account',
      ({ decision, desired, file }) =>
        decision.action.type !== 'import' ||
        (desired.updatePolicy === 'IfStale' &&
          file?.account != null &&
          file.account === desired.document?.opened?.account),
    ],
    [
      'no document is imported that was refreshed earlier than the stored one',
      ({ decision, desired, file }) =>
        decision.action.type !== 'import' ||
        !isEarlier(file?.lastRefresh, desired.document?.opened?.lastRefresh),
    ],
    [
      'nothing is sent to devices that are away, remote or suspended',
      ({ decision, desired, observed: { report } }) =>
        decision.action.type === 'none' ||
        (report?.isOnline === true && report.deviceType !== 'remote' && desired.suspendedBy === null),
    ],
    [
      'one thing is done after the other',
      ({ decision, observed: { history } }) =>
        decision.action.type === 'none' || history.progress.phase === 'idle',
    ],
    [
      'a file of someone else is never touched',
      ({ decision }) => decision.state !== 'Foreign' || decision.action.type === 'none',
    ],
    [
      'a login that the CLI refreshed is never written over',
      ({ decision }) =>
        decision.state !== 'RotatedOnDevice' || ['none', 'import'].includes(decision.action.type),
    ],
    [
      'a sync that a person asks for does the same, or offers a file that the device may not have',
      ({ decision }) => {
        const { type } = planRequested(decision)
        return type === decision.action.type || (type === 'write' && isLeftToDevice(decision))
      },
    ],
  ])('%s', (_rule, holds) => {
    expect(counterexample(holds)).toBeNull()
  })

  it('taking in the same report twice is the same as once', () => {
    const property = fc.property(desiredValues, observedValues, (desired, observed) => {
      const proof = { desired, observed, retryAt: NOW + 1_000 }
      const once = withReport(observed.history, proof)
      return withReport(once, { ...proof, observed: { ...observed, history: once } }) === once
    })
    expect(fc.check(property, { numRuns: 5_000 }).counterexample).toBeNull()
  })
})

function isEarlier(time: string | null | undefined, than: string | null | undefined): boolean {
  return time != null && than != null && Date.parse(time) < Date.parse(than)
}

function isLeftToDevice({ gates }: Decision): boolean {
  return gates.every(({ name, passed }) => passed || name === 'Reported' || name === 'NeedsFile')
}
