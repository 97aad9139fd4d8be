import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { carryOut } from '#test/support/carry-out.ts'
import type { Executor } from '#test/support/executor.ts'
import { eventually, type Installation, startInstallation } from '#test/support/installation.ts'
import { Person } from '#test/support/person.ts'

const LOGIN = '{"token":"secret"}'
const FILE = '{\n  "token": "secret"\n}\n'
const REMOTE = "Device command key 'sync_runtime_auth_file' is not supported for remote devices"

let installation: Installation
let count = 0
beforeAll(async () => {
  installation = await startInstallation(['--log-level', 'warn'])
})
afterAll(() => installation.close())

/** Somebody with a login that is switched on, and device-1 that was not heard of yet. */
async function aWorld(isWanted = true): Promise<{ readonly person: Person; readonly executor: Executor }> {
  const person = await Person.arrive(installation, `person-${(count += 1)}`)
  if (isWanted) await person.wants(LOGIN)
  return { person, executor: await person.executor('device-1') }
}

const fileOf = ({ home }: Executor): string => join(home, '.codex/auth.json')

/** Which commands came, about what. */
const receivedBy = (executor: Executor): readonly string[] =>
  executor.received.map(({ command_key, env }) => `${command_key} ${env['WEGENT_RUNTIME_CONFIG_RUNTIME']}`)

const ONLY_MARKERS = ['sync_runtime_auth_file claude', 'sync_runtime_auth_file claude']

/**
 * Gives all that came when nothing was due for codex, which is {@link ONLY_MARKERS}: twice, one after the other, another runtime is made to need its file, while what is said of
 * codex stays as it is. Whatever had been on its way before the second of these commands would have come before it.
 */
async function whenIdle(
  { person, executor }: { readonly person: Person; readonly executor: Executor },
  files: object,
): Promise<readonly string[]> {
  executor.respond = async () => [{ success: true, stdout: '{"status":"written"}' }]
  await person.wants('{"marker":true}', 'claude')
  await executor.beat({ ...files, claude: { exists: false } })
  await executor.untilAnswered(1)
  await executor.beat({ ...files, claude: { exists: true } })
  await person.rowOnce('device-1', { state: 'InSync' }, 'claude')
  await executor.beat({ ...files, claude: { exists: false } })
  await executor.untilAnswered(2)
  return receivedBy(executor)
}

/** Files that say nothing of codex. */
const ODD_MAPS: readonly (readonly [string, unknown])[] = [
  ['absent', undefined],
  ...[{}, null, [], 'codex', 0, { codex: null }].map((files) => [JSON.stringify(files), files] as const),
]

/** Anything but a plain `false`. */
const ODD_ENTRIES: readonly unknown[] = [
  {},
  true,
  false,
  [],
  [false],
  'missing',
  { exists: null },
  { exists: 0 },
  { exists: 1 },
  { exists: '' },
  { exists: 'false' },
  { exists: 'true' },
  { exists: [] },
  { exists: { valueOf: false } },
  { Exists: false },
  { target_path: '/home/u/.codex/auth.json' },
]

describe('heartbeat to sync', () => {
  it('54: sends nothing when the file exists', async () => {
    const world = await aWorld()
    await world.executor.beat({ codex: { exists: true } })
    await world.person.rowOnce('device-1', { state: 'InSync', reason: 'UpToDate' })
    expect(await whenIdle(world, { codex: { exists: true } })).toEqual(ONLY_MARKERS)
  })

  it.each(ODD_MAPS)('54: sends nothing when runtime_auth_files is %s', async (_what, files) => {
    const world = await aWorld()
    await world.executor.beat(files)
    await world.person.rowOnce('device-1', { state: 'Unknown', reason: 'Reported' })
    expect(await whenIdle(world, {})).toEqual(ONLY_MARKERS)
    await world.executor.beat(files)
    expect(receivedBy(world.executor)).toEqual(ONLY_MARKERS)
  })

  it.each(ODD_ENTRIES.map((codex) => [JSON.stringify(codex), codex] as const))(
    '54: sends nothing when the entry of codex is %s',
    async (_what, codex) => {
      const world = await aWorld()
      await world.executor.beat({ codex })
      const row = await world.person.rowOnce('device-1', { state: 'Unknown', reason: 'Reported' })
      expect(row).toMatchObject({ next_action: 'none', last_command: null, attempts: 0 })
      expect(await whenIdle(world, { codex })).toEqual(ONLY_MARKERS)
      // The same socket, and now a plain false.
      world.executor.respond = null
      await world.executor.beat({ codex: { exists: false } })
      await world.executor.untilAnswered(3)
      expect(await readFile(fileOf(world.executor), 'utf8')).toBe(FILE)
    },
  )

  it('55: sends nothing when use_user_config is false', async () => {
    const world = await aWorld()
    await world.person.turn('off')
    await world.executor.beat()
    await world.person.rowOnce('device-1', { state: 'NotManaged', reason: 'Enabled' })
    expect(await whenIdle(world, world.executor.look())).toEqual(ONLY_MARKERS)
  })

  it('56: sends nothing when no login is stored', async () => {
    const world = await aWorld(false)
    await world.person.turn('on')
    await world.executor.beat()
    await world.person.rowOnce('device-1', { state: 'NotManaged', reason: 'Stored' })
    expect(await whenIdle(world, world.executor.look())).toEqual(ONLY_MARKERS)
  })

  it('58: takes heartbeats at once while a command hangs, and serves other devices', async () => {
    const { person, executor } = await aWorld()
    const other = await person.executor('device-2')
    const hanging = Promise.withResolvers<void>()
    executor.respond = async (command) => {
      await hanging.promise
      return carryOut(command, executor.home)
    }
    await executor.beat()
    await executor.untilReceived(1)
    const before = await heardAt(person)
    expect(await executor.ask('device:heartbeat', executor.heartbeat(executor.look()))).toEqual({
      success: true,
    })
    await eventually('the heartbeat to show', async () => (await heardAt(person)) > before)
    expect(await person.row('device-1')).toMatchObject({ state: 'Syncing', reason: 'NotInFlight' })
    await other.beat()
    await other.untilAnswered(1)
    hanging.resolve()
    await executor.untilAnswered(1)
    await executor.beat()
    await person.rowOnce('device-1', { state: 'InSync' })
    expect(executor.received).toHaveLength(1)
  })

  it('59: says that the device wrote the file', async () => {
    const { person, executor } = await aWorld()
    await executor.beat({})
    expect(await person.sync('device-1')).toEqual({
      runtime: 'codex',
      target_path: '~/.codex/auth.json',
      total: 1,
      items: [{ device_id: 'device-1', success: true, status: 'written', error: null }],
    })
    expect(await readFile(fileOf(executor), 'utf8')).toBe(FILE)
  })

  it('60: says that the device skipped a file that exists', async () => {
    const { person, executor } = await aWorld()
    await mkdir(join(executor.home, '.codex'))
    await writeFile(fileOf(executor), 'its own')
    await executor.beat({})
    const { items } = await person.sync('device-1')
    expect(items).toEqual([{ device_id: 'device-1', success: true, status: 'skipped_existing', error: null }])
    expect(await readFile(fileOf(executor), 'utf8')).toBe('its own')
  })

  it('63: sends nothing to a device of another user with the same id', async () => {
    const [owner, other] = [await aWorld(), await aWorld(false)]
    await other.executor.beat()
    await owner.executor.beat()
    await owner.executor.untilAnswered(1)
    await expect(other.person.sync('device-1')).rejects.toMatchObject({ code: 'AUTH_MISSING' })
    // What comes at last is the only thing that came, and it is the other user's own.
    await other.person.wants('{"token":"of the other"}')
    await other.executor.untilAnswered(1)
    expect(await readFile(fileOf(other.executor), 'utf8')).toBe('{\n  "token": "of the other"\n}\n')
    expect(await readFile(fileOf(owner.executor), 'utf8')).toBe(FILE)
  })

  it('64: never sends a remote device an auth command, and says why', async () => {
    const person = await Person.arrive(installation, `person-${(count += 1)}`)
    await person.wants(LOGIN)
    const executor = await person.executor('device-1', 'remote')
    await executor.beat()
    const row = await person.rowOnce('device-1', { reason: 'Supported' })
    expect(row).toMatchObject({ state: 'Missing', message: REMOTE, next_action: 'none', last_command: null })
    expect(row.gates.find(({ name }) => name === 'Supported')).toEqual({
      name: 'Supported',
      passed: false,
      message: REMOTE,
    })
    const { items } = await person.sync('device-1')
    expect(items).toEqual([{ device_id: 'device-1', success: false, status: 'unsupported', error: REMOTE }])
    await expect(person.importFrom('device-1')).rejects.toMatchObject({
      code: 'DEVICE_UNSUPPORTED',
      message: "Device command key 'read_runtime_auth_file' is not supported for remote devices",
    })
    // The same socket as another kind of machine gets its one command.
    await executor.register('local')
    await executor.beat()
    await executor.untilAnswered(1)
    expect(receivedBy(executor)).toEqual(['sync_runtime_auth_file codex'])
  })

  it.each(['cloud', 'app'] as const)(
    '65: sends a %s device its command, under the id it registered with',
    async (type) => {
      const person = await Person.arrive(installation, `person-${(count += 1)}`)
      await person.wants(LOGIN)
      const [bystander, executor] = [
        await person.executor('device-1'),
        await person.executor('cloud-7', type),
      ]
      await bystander.beat({})
      await executor.beat()
      await executor.untilAnswered(1)
      expect([bystander.received.length, await readFile(fileOf(executor), 'utf8')]).toEqual([0, FILE])
      const devices = await person.devices()
      expect(devices.map((device) => [device.device_id, device.device_type])).toEqual([
        ['cloud-7', type],
        ['device-1', 'local'],
      ])
    },
  )

  it.each([131_041, 131_042, 262_144, 524_288])(
    '68: delivers a login whose normal form is %d bytes',
    async (bytes) => {
      const { person, executor } = await aWorld(false)
      const login = `{\n  "token": "${'a'.repeat(bytes - '{\n  "token": ""\n}'.length)}"\n}`
      await person.wants(login)
      await executor.beat()
      await executor.untilAnswered(1)
      const names = Object.keys(executor.received[0]?.env ?? {})
      expect(names.includes('WEGENT_RUNTIME_CONFIG_CONTENT')).toBe(bytes < 131_042)
      expect((await readFile(fileOf(executor), 'utf8')) === `${login}\n`).toBe(true)
      await executor.beat()
      await person.rowOnce('device-1', { state: 'InSync', last_result: 'written' })
    },
  )

  it('68: cuts between characters, whatever they are', async () => {
    const { person, executor } = await aWorld(false)
    const login = `{\n  "token": "${'a€😀'.repeat(40_000)}"\n}`
    await person.wants(login)
    await executor.beat()
    await executor.untilAnswered(1)
    expect((await readFile(fileOf(executor), 'utf8')) === `${login}\n`).toBe(true)
  })

  it('67: shows a device that holds the login before out of sync after an upload, and leaves its file', async () => {
    const { person, executor } = await aWorld()
    await executor.beat()
    await executor.untilAnswered(1)
    await executor.beat()
    await person.rowOnce('device-1', { state: 'InSync' })
    await person.upload('{"token":"next"}')
    await person.rowOnce('device-1', { state: 'Stale' })
    const metrics = await (await fetch(`${installation.address()}/metrics`)).text()
    expect([await readFile(fileOf(executor), 'utf8'), metrics]).toEqual([
      FILE,
      expect.stringContaining('runtimeconfig_out_of_sync{runtime="codex",state="Stale"} 1'),
    ])
  })

  it('69: syncs a device that is known to lack the file as soon as it is switched on', async () => {
    const { person, executor } = await aWorld(false)
    await person.upload(LOGIN)
    await executor.beat()
    await person.rowOnce('device-1', { state: 'NotManaged', reason: 'Enabled' })
    await expect(access(fileOf(executor))).rejects.toMatchObject({ code: 'ENOENT' })
    await person.turn('on')
    await executor.untilAnswered(1)
    expect([await readFile(fileOf(executor), 'utf8'), receivedBy(executor)]).toEqual([
      FILE,
      ['sync_runtime_auth_file codex'],
    ])
  })
})

async function heardAt(person: Person): Promise<number> {
  const [device] = await person.devices()
  return Date.parse(device?.last_heartbeat_at ?? '')
}
