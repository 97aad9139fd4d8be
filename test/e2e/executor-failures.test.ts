import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { carryOut } from '#test/support/carry-out.ts'
import { type Executor, recorded } from '#test/support/executor.ts'
import { eventually, type Installation, startInstallation } from '#test/support/installation.ts'
import { Person } from '#test/support/person.ts'

const LOGIN = '{"token":"secret"}'
const MISSING_PROGRAM = recorded('answer: program of argv[0] not found')
const NO_PYTHON =
  'python3 is not installed on the device or not in the PATH of its executor; install Python 3.8 or newer'
const UNREADABLE = 'the device sent an answer that cannot be read'
const NO_RESULT = 'the device answered without a result'
const MIB = 1_048_576

/** A server whose dice always fall the same: waiting times have full jitter, from nothing at all to the whole time. */
function startWithDice(value: 0 | 0.999): Promise<Installation> {
  const environment = { NODE_OPTIONS: `--import=data:text/javascript,Math.random=()=>${value}` }
  return startInstallation(['--log-level', 'debug'], environment)
}

const isThere = ({ home }: Executor): Promise<boolean> =>
  stat(join(home, '.codex/auth.json')).then(
    () => true,
    () => false,
  )

/** An ack with what a program printed. */
function printed(stdout: string, changes: object = {}): object {
  return { ...recorded('answer: a command that printed three lines'), stdout, ...changes }
}

describe('an executor that fails, with the longest waits there are', () => {
  let installation: Installation
  let count = 0
  beforeAll(async () => {
    installation = await startWithDice(0.999)
  })
  afterAll(() => installation.close())

  /** An executor without the file, about to tell so. */
  async function anExecutor(): Promise<{ readonly person: Person; readonly executor: Executor }> {
    const person = await Person.arrive(installation, `person-${(count += 1)}`)
    await person.wants(LOGIN)
    return { person, executor: await person.executor('laptop') }
  }

  /** How it failed, once the operator waits before it tries again and says so in every way there is. */
  async function failureOf(person: Person, result: string): Promise<string> {
    const row = await person.rowOnce('laptop', { reason: 'NotBackingOff', last_result: result })
    const times = `${row.attempts} ${row.attempts === 1 ? 'attempt' : 'attempts'} in a row failed`
    const start = `The next attempt is at ${row.next_attempt_at}. ${times}: `
    expect(row).toMatchObject({
      state: 'Missing',
      last_command: 'sync_runtime_auth_file',
      last_sync_time: null,
      next_action: 'write',
      next_attempt_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      message: expect.stringContaining(start),
      unblock: null,
    })
    expect(row.gates.filter(({ passed }) => !passed)).toEqual([
      { name: 'NotBackingOff', passed: false, message: row.message },
    ])
    return row.message.slice(start.length)
  }

  it.each([
    [
      'answer: 140000 characters in one environment string',
      'the auth document is too long for one environment string on the device',
    ],
    ['answer: program of argv[0] not found', NO_PYTHON],
    ['answer: longer than timeout_seconds', 'Command timed out after 1 seconds'],
    ['answer: a command that printed three lines', NO_RESULT],
  ])('is said to be Missing, and why, after the recorded "%s"', async (name, error) => {
    const { person, executor } = await anExecutor()
    executor.respond = async () => [recorded(name)]
    await executor.beat()
    expect(await failureOf(person, 'failed')).toBe(error)
  })

  it.each<[string, readonly unknown[], string]>([
    ['nothing', [], UNREADABLE],
    ['null', [null], UNREADABLE],
    ['a text', ['written'], UNREADABLE],
    ['an empty object', [{}], UNREADABLE],
    ['a success that is a text', [{ success: 'true', stdout: '{"status":"written"}' }], UNREADABLE],
    ['output that is a number', [{ success: true, stdout: 5 }], UNREADABLE],
    ['a list', [[recorded('answer: program of argv[0] not found')]], UNREADABLE],
    ['half a result', [printed('{"status":"writ')], NO_RESULT],
    [
      'a result of another kind',
      [printed('{"status":"removed"}')],
      "the device answered 'removed' to 'sync_runtime_auth_file'",
    ],
    ['a result nobody knows', [printed('{"status":"done"}')], NO_RESULT],
    [
      'a result that was cut',
      [printed('{"status":"written"}', { stdout_truncated: true })],
      'the device cut its answer short because it is longer than the limit',
    ],
    ['10 MB of nothing', [printed('x'.repeat(10 * MIB))], NO_RESULT],
    ['10 MB of lines that are almost results', [printed('{"status":"writte\n'.repeat(555_000))], NO_RESULT],
    [
      'a failure of the script',
      [printed('{"status":"failed","error":"failed to write runtime auth file: read-only file system"}\n')],
      'failed to write runtime auth file: read-only file system',
    ],
    [
      'exit code 3',
      [printed('', { success: false, exit_code: 3 })],
      'the command ended with exit code 3 and no result',
    ],
  ])('is said to be Missing, and why, after it answered %s', async (...[_what, values, error]) => {
    const { person, executor } = await anExecutor()
    executor.respond = async () => values
    await executor.beat()
    expect(await failureOf(person, 'failed')).toBe(error)
  })

  it('quotes no secret in what it complains about', async () => {
    const { person, executor } = await anExecutor()
    await person.upload('{"token":"canary-0123456789"}')
    const error = 'cannot use {"token": "canary-0123456789"}'
    executor.respond = async () => [printed(JSON.stringify({ status: 'failed', error }))]
    await executor.beat()
    expect(await failureOf(person, 'failed')).toBe('cannot use {"token": "[redacted]"}')
    expect(installation.server().said()).not.toContain('canary-0123456789')
  })

  it('gets the command again when the wait is over, and then all is well', async () => {
    const { person, executor } = await anExecutor()
    executor.respond = async (command) => {
      executor.respond = null
      return executor.received.length === 1 ? [MISSING_PROGRAM] : carryOut(command, executor.home)
    }
    await executor.beat()
    await executor.untilAnswered(1)
    await person.rowOnce('laptop', { reason: 'NotBackingOff', attempts: 1 })
    await executor.untilAnswered(2)
    await executor.beat()
    const row = await person.rowOnce('laptop', { state: 'InSync' })
    expect(row).toMatchObject({ attempts: 0, last_result: 'written', next_attempt_at: null })
  })

  it('waits longer each time', async () => {
    const { person, executor } = await anExecutor()
    executor.respond = async () => [MISSING_PROGRAM]
    const startedAt = Date.now()
    await executor.beat()
    const first = await person.rowOnce('laptop', { reason: 'NotBackingOff', attempts: 1 })
    const second = await person.rowOnce('laptop', { reason: 'NotBackingOff', attempts: 2 })
    const [start, end] = [first, second].map((row) => Date.parse(row.next_attempt_at ?? ''))
    // What was waited for is never shorter than the dice said: a thousandth less than one second, then two.
    expect([Number(start) - startedAt >= 999, Number(end) - Number(start) >= 1_998]).toEqual([true, true])
  })

  it('counts the first of two answers', async () => {
    const { person, executor } = await anExecutor()
    await executor.beat()
    await executor.untilAnswered(1)
    executor.answer(executor.lastAckId, MISSING_PROGRAM)
    await executor.beat()
    const row = await person.rowOnce('laptop', { state: 'InSync' })
    expect(row).toMatchObject({ attempts: 0, last_result: 'written' })
  })

  it('that disconnects without an answer has failed; its late answer counts for nothing', async () => {
    const { person, executor } = await anExecutor()
    executor.respond = async () => null
    await executor.beat()
    await executor.untilReceived(1)
    executor.close()
    expect(await failureOf(person, 'timed_out')).toBe(
      "Device 'laptop' disconnected before it answered 'sync_runtime_auth_file'",
    )
    const again = await executor.reconnect()
    again.answer(executor.lastAckId, printed('{"status":"written"}'))
    await again.beat()
    await again.untilAnswered(1)
    expect(await isThere(again)).toBe(true)
    await again.beat()
    const row = await person.rowOnce('laptop', { state: 'InSync' })
    expect(row).toMatchObject({ attempts: 0, last_result: 'written' })
    again.close()
  })

  it('that answers with a broken frame is disconnected, and nobody else notices', async () => {
    const { person, executor } = await anExecutor()
    const other = await person.executor('other')
    executor.respond = async () => {
      executor.send(`43/local-executor,${executor.lastAckId}[{"success":`)
      return null
    }
    // Not waited for: what the server answers may go with the connection.
    void executor.beat()
    await executor.closed
    expect(await failureOf(person, 'timed_out')).toBe(
      "Device 'laptop' disconnected before it answered 'sync_runtime_auth_file'",
    )
    await other.beat()
    await other.untilAnswered(1)
    expect(await isThere(other)).toBe(true)
  })

  it('that says written and shows no file has failed too', async () => {
    const { person, executor } = await anExecutor()
    executor.respond = async () => [printed('{"status":"written"}')]
    await executor.beat()
    await person.rowOnce('laptop', { state: 'Verifying', last_result: 'written' })
    await executor.beat()
    const row = await person.rowOnce('laptop', { reason: 'NotBackingOff', attempts: 1 })
    expect(row.message).toContain('The device answered "written", but its next heartbeat shows no effect.')
  })

  it('that looks at another file than it writes is a path mismatch, not a loop', async () => {
    const { person, executor } = await anExecutor()
    await executor.beat()
    // Bad news counts only in a heartbeat that came after the answer was taken in.
    await person.rowOnce('laptop', { state: 'Verifying', last_result: 'written' })
    executor.looksIn = join(executor.home, 'elsewhere')
    await executor.beat()
    await person.rowOnce('laptop', { state: 'Verifying', last_result: 'skipped_existing' })
    await executor.beat()
    const stalled = { state: 'Stalled', reason: 'PathMismatch', next_action: 'none' } as const
    const row = await person.rowOnce('laptop', stalled)
    expect(row).toMatchObject({
      last_result: 'skipped_existing',
      next_attempt_at: null,
      message:
        'The device answered that the file exists and reports that it does not: it looks at two different files.',
      unblock: expect.stringContaining('look at the same file of codex'),
    })
    for (let round = 0; round < 5; round += 1) await executor.beat()
    expect(await person.row('laptop')).toEqual(row)
    // The next command comes when the device changed, and none came before it.
    executor.looksIn = executor.home
    await executor.beat()
    await person.rowOnce('laptop', { state: 'InSync', reason: 'UpToDate' })
    expect(executor.received).toHaveLength(2)
  })
})

describe('an executor that fails eight times in a row, without any waits', () => {
  let installation: Installation
  let count = 0
  beforeAll(async () => {
    installation = await startWithDice(0)
  })
  afterAll(() => installation.close())

  /** An executor whose eighth failure was a moment ago. */
  async function quarantined(): Promise<{ readonly person: Person; readonly executor: Executor }> {
    const person = await Person.arrive(installation, `person-${(count += 1)}`)
    await person.wants(LOGIN)
    const executor = await person.executor('laptop')
    executor.respond = async () => [MISSING_PROGRAM]
    await executor.beat()
    await person.rowOnce('laptop', { state: 'Stalled', attempts: 8 })
    await executor.untilAnswered(8)
    executor.respond = null
    return { person, executor }
  }

  it('is quarantined, with the reason and what to do', async () => {
    const { person, executor } = await quarantined()
    const row = await person.row('laptop')
    expect(row).toMatchObject({
      state: 'Stalled',
      reason: 'NotQuarantined',
      message: `Nothing more is tried until something changes. 8 attempts in a row failed: ${NO_PYTHON}`,
      attempts: 8,
      last_result: 'failed',
      next_attempt_at: null,
      next_action: 'none',
      unblock: 'Mend what the device complains about; then start its agent again or request a sync.',
    })
    expect(row.gates.filter(({ passed }) => !passed).map(({ name }) => name)).toEqual(['NotQuarantined'])
    await executor.beat()
    await eventually('the counts to say so', async () => {
      const { message } = (await person.condition('Synced')) ?? {}
      return message === 'Not every online device has the document: laptop.'
    })
    expect([await person.row('laptop'), executor.received.length]).toEqual([row, 8])
  })

  it.each<[string, (person: Person, executor: Executor) => Promise<unknown>]>([
    [
      'a heartbeat that says something else',
      async (_person, executor) => {
        await executor.beat({ codex: { exists: false, target_path: '/elsewhere/auth.json' } })
      },
    ],
    ['another login', (person) => person.upload('{"token":"another"}')],
    ['a request of its owner', (person) => person.sync('laptop')],
  ])('is tried again with %s, and unchanged heartbeats before it were not enough', async (_what, change) => {
    const { person, executor } = await quarantined()
    for (let round = 0; round < 3; round += 1) await executor.beat()
    await change(person, executor)
    await executor.untilAnswered(9)
    expect(await isThere(executor)).toBe(true)
    await executor.beat()
    expect(await person.rowOnce('laptop', { state: 'InSync' })).toMatchObject({ attempts: 0 })
  })
})
