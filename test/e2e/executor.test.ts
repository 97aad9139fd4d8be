import { chmod, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { carryOut, runProgram } from '#test/support/carry-out.ts'
import { type Executor, recorded } from '#test/support/executor.ts'
import { type Installation, startInstallation } from '#test/support/installation.ts'
import { Person } from '#test/support/person.ts'

const LOGIN = '{"token":"canary-of-the-stored-login"}'
const FILE = '{\n  "token": "canary-of-the-stored-login"\n}\n'
const DIGESTS = { ours: 'ab'.repeat(32) }

let installation: Installation
beforeAll(async () => {
  installation = await startInstallation(['--log-level', 'debug'])
})
afterAll(() => installation.close())

/** Somebody of this test's own who wants a login on every device. */
async function aPerson(name: string, login: string | null = LOGIN): Promise<Person> {
  const person = await Person.arrive(installation, name)
  if (login !== null) await person.wants(login)
  return person
}

const fileOf = ({ home }: Executor): string => join(home, '.codex/auth.json')

async function putFile(executor: Executor, text: string): Promise<void> {
  await mkdir(join(executor.home, '.codex'), { recursive: true })
  await writeFile(fileOf(executor), text)
  await chmod(fileOf(executor), 0o644)
  await utimes(fileOf(executor), 1_700_000_000, 1_700_000_000)
}

/** Everything about a file that a touch would change. */
async function traitsOf(executor: Executor): Promise<object> {
  const { ino, mode, mtimeMs, ctimeMs } = await stat(fileOf(executor))
  return { ino, mode, mtimeMs, ctimeMs, text: await readFile(fileOf(executor), 'utf8') }
}

const keysOf = (executor: Executor): readonly string[] =>
  executor.received.map(({ command_key }) => command_key)

describe('an executor of the reference system', () => {
  it('that lacks the file runs the command it is sent, and its next heartbeat proves the file', async () => {
    const person = await aPerson('ann')
    const executor = await person.executor('laptop')
    await executor.beat()
    await executor.untilAnswered(1)
    expect(await readFile(fileOf(executor), 'utf8')).toBe(FILE)
    const [file, folder] = await Promise.all([stat(fileOf(executor)), stat(join(executor.home, '.codex'))])
    expect([file.mode & 0o777, folder.mode & 0o777]).toEqual([0o600, 0o700])
    await person.rowOnce('laptop', { state: 'Verifying', reason: 'NotInFlight', last_result: 'written' })
    await executor.beat()
    const row = await person.rowOnce('laptop', { state: 'InSync' })
    expect(row).toMatchObject({
      reason: 'UpToDate',
      target_path: fileOf(executor),
      attempts: 0,
      last_command: 'sync_runtime_auth_file',
      next_action: 'none',
      unblock: null,
    })
    await executor.beat()
    expect(keysOf(executor)).toEqual(['sync_runtime_auth_file'])
  })

  it('gets the secret in its environment and nowhere else', async () => {
    const person = await aPerson('bea')
    const executor = await person.executor('laptop')
    await executor.beat()
    await executor.untilAnswered(1)
    const [{ env, ...rest }] = executor.received as [Executor['received'][number]]
    expect(rest).toEqual({
      command_key: 'sync_runtime_auth_file',
      command: 'write the runtime auth file if it is missing (codex)',
      argv: ['python3', '-I', '-c', expect.any(String), 'write'],
      args: [],
      cwd: null,
      timeout_seconds: 60,
      max_output_bytes: 1_048_576,
    })
    expect(env).toEqual({
      WEGENT_RUNTIME_CONFIG_RUNTIME: 'codex',
      WEGENT_RUNTIME_CONFIG_TARGET_PATH: '~/.codex/auth.json',
      WEGENT_RUNTIME_CONFIG_HOME_VARIABLE: 'CODEX_HOME',
      WEGENT_RUNTIME_CONFIG_CONTENT: FILE.trimEnd(),
    })
    const everythingElse = JSON.stringify([rest, await person.devices()]) + installation.server().said()
    expect(everythingElse).not.toContain('canary-of-the-stored-login')
  })

  it('gets the file again when it lost it', async () => {
    const person = await aPerson('cid')
    const executor = await person.executor('laptop')
    await executor.beat()
    await executor.untilAnswered(1)
    await executor.beat()
    await person.rowOnce('laptop', { state: 'InSync' })
    await rm(fileOf(executor))
    await executor.beat()
    await executor.untilAnswered(2)
    expect(await readFile(fileOf(executor), 'utf8')).toBe(FILE)
  })

  it.each(['{"token":"its own"}', 'not even json', ''])(
    'that has a file of its own keeps it as it is: %j',
    async (text) => {
      const person = await aPerson(`dan-${text.length}`)
      const executor = await person.executor('laptop')
      await putFile(executor, text)
      const before = await traitsOf(executor)
      await executor.beat()
      await person.rowOnce('laptop', { state: 'InSync', reason: 'UpToDate' })
      // A person may insist; the device still decides by what it has.
      const { items } = await person.sync('laptop')
      expect(items).toEqual([{ device_id: 'laptop', success: true, status: 'skipped_existing', error: null }])
      expect(await traitsOf(executor)).toEqual(before)
    },
  )

  it('keeps a file that appears between its heartbeat and the command', async () => {
    const person = await aPerson('eva')
    const executor = await person.executor('laptop')
    executor.respond = async (command) => {
      await putFile(executor, '{"token":"its own"}')
      return carryOut(command, executor.home)
    }
    await executor.beat()
    await executor.untilAnswered(1)
    await executor.beat()
    await person.rowOnce('laptop', { state: 'InSync', last_result: 'skipped_existing' })
    expect(await readFile(fileOf(executor), 'utf8')).toBe('{"token":"its own"}')
    expect(keysOf(executor)).toEqual(['sync_runtime_auth_file'])
  })

  it('is imported from, byte for byte and without a trace of the content', async () => {
    const person = await aPerson('fay', null)
    const executor = await person.executor('laptop')
    await putFile(executor, '{"token":"from-device"}\n')
    const before = await traitsOf(executor)
    await executor.beat()
    const answer = await person.importFrom('laptop')
    expect(answer).toMatchObject({
      configured: true,
      use_user_config: false,
      auth_json_sha256: 'b7f16f700916b157352b61f990219ac4bcb6521ca04cabdb8d4776355e845f63',
    })
    expect(JSON.stringify(answer) + installation.server().said()).not.toContain('from-device')
    expect([keysOf(executor), await traitsOf(executor)]).toEqual([['read_runtime_auth_file'], before])
  })

  it.each([
    ['nothing to import', null, 'runtime auth file does not exist'],
    ['a list', '[1]', 'runtime auth file must be a JSON object'],
    ['half a file', '{"token":', /^runtime auth file is not valid JSON: /],
  ])('that has %s fails an import in its own words', async (name, text, words) => {
    const person = await aPerson(`gus-${name.replaceAll(' ', '-')}`, null)
    const executor = await person.executor('laptop')
    if (text !== null) await putFile(executor, text)
    await executor.beat()
    const refused = { code: 'DEVICE_FAILED', message: expect.stringMatching(words) }
    await expect(person.importFrom('laptop')).rejects.toMatchObject(refused)
    expect(await person.stored()).toMatchObject({ configured: false })
  })

  it('is never asked to replace or remove: without digests nobody knows whose file it is', async () => {
    const person = await aPerson('hal')
    await person.allow({ updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    const executor = await person.executor('laptop')
    await executor.beat()
    await executor.untilAnswered(1)
    await executor.beat()
    await person.rowOnce('laptop', { state: 'InSync' })
    await person.upload('{"token":"second"}')
    await person.rowOnce('laptop', { state: 'Stale', reason: 'DigestNotReported', next_action: 'none' })
    await person.turn('off')
    await person.rowOnce('laptop', { state: 'NotManaged', reason: 'Enabled' })
    expect(await readFile(fileOf(executor), 'utf8')).toBe(FILE)
    await provenIdle(person, executor, ['sync_runtime_auth_file'])
  })

  it('that claims the digests of our agent is refused by the gate Supported all the same', async () => {
    const person = await aPerson('ida')
    await person.allow({ updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    const executor = await person.executor('laptop')
    const { ours } = DIGESTS
    await executor.beat({ codex: { exists: true, digest: ours, last_written_digest: ours } })
    const refused = {
      reason: 'Supported',
      message: 'The executor on the device can deliver a missing file, but cannot replace or remove one.',
      next_action: 'none',
    } as const
    await person.rowOnce('laptop', { state: 'Stale', ...refused })
    const { items } = await person.sync('laptop')
    expect(items).toEqual([
      { device_id: 'laptop', success: false, status: 'unsupported', error: refused.message },
    ])
    await person.turn('off')
    const row = await person.rowOnce('laptop', { state: 'ToRemove', ...refused })
    expect(row.unblock).toBe('Use an agent on the machine itself; this kind of device is left alone.')
    await provenIdle(person, executor, [])
  })
})

describe('the executor of these tests', () => {
  const RUN = {
    command_key: 'sync_runtime_auth_file',
    args: [],
    env: {},
    timeout_seconds: 60,
    max_output_bytes: 1_048_576,
  } as const
  const THREE_LINES = recorded('answer: a command that printed three lines')

  it.each([
    [
      'a program that is not there',
      { argv: ['no-such-program'] },
      recorded('answer: program of argv[0] not found'),
    ],
    [
      'a command that takes too long',
      { argv: ['sleep', '30'], timeout_seconds: 1 },
      recorded('answer: longer than timeout_seconds'),
    ],
    [
      'a command that prints three lines',
      { argv: ['printf', '%s', String(THREE_LINES['stdout'])] },
      THREE_LINES,
    ],
  ])('answers like the recorded one about %s', async (_what, changes, payload) => {
    const answer = await runProgram({ ...RUN, ...changes }, installation.root)
    expect(answer).toEqual({ ...payload, duration: expect.any(Number) })
  })
})

/** Gives the executor something it has to do, and checks that it is all that came besides. */
async function provenIdle(person: Person, executor: Executor, before: readonly string[]): Promise<void> {
  executor.respond = async () => [{ success: true, stdout: '{"status":"written","runtime":"claude"}' }]
  await person.wants('{"marker":true}', 'claude')
  await executor.beat({ ...executor.look(), claude: { exists: false } })
  await executor.untilAnswered(before.length + 1)
  const got = executor.received.map(({ command_key, env }) => [
    command_key,
    env['WEGENT_RUNTIME_CONFIG_RUNTIME'],
  ])
  expect(got).toEqual([...before.map((key) => [key, 'codex']), ['sync_runtime_auth_file', 'claude']])
}
