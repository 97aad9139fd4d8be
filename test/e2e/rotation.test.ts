import { createHash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { normalFormOf } from '#core/normal-form.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'
import { Person } from '#test/support/person.ts'

const TARGET = '~/.codex/auth.json'

/** A login of the Codex CLI that was refreshed on a day of November 2026. */
function login(day: number, account = 'someone'): string {
  const tokens = { account_id: account, access_token: `access-${day}`, refresh_token: `refresh-${day}` }
  return JSON.stringify({ OPENAI_API_KEY: null, tokens, last_refresh: `2026-11-${day}T10:00:00.000000Z` })
}

const digestOf = (text: string): string => createHash('sha256').update(normalFormOf(text)).digest('hex')

/** Everything about a file that a touch would change. */
async function traitsOf(device: TestDevice): Promise<object> {
  const { ino, mode, mtimeMs, ctimeMs } = await stat(device.path(TARGET))
  return { ino, mode, mtimeMs, ctimeMs, text: await readFile(device.path(TARGET), 'utf8') }
}

describe('a login that its CLI refreshed on a device of ours', () => {
  let installation: Installation
  beforeAll(async () => {
    installation = await startInstallation(['--log-level', 'info'])
  })
  afterAll(() => installation.close())

  /** Somebody whose login of the 11th is on these devices. */
  async function delivered(name: string, updatePolicy: string, ids: readonly string[]) {
    const person = await Person.arrive(installation, name)
    await person.wants(login(11))
    await person.allow({ updatePolicy })
    const devices = await Promise.all(ids.map((id) => installation.addDevice(name, id)))
    await Promise.all(devices.map((device) => device.start()))
    await Promise.all(ids.map((id) => person.rowOnce(id, { state: 'InSync' })))
    return { person, devices }
  }

  /** How the commands to a device ended, in order. */
  const resultsOf = (id: string): readonly string[] =>
    installation
      .server()
      .said()
      .split('\n')
      .filter((line) => line.includes('device command ended') && line.includes(`"device":"${id}"`))
      .map((line) => JSON.parse(line).result)

  it('is never overwritten, whatever is stored next, and is offered for import', async () => {
    const { person, devices } = await delivered('ann', 'IfMissing', ['ann-1'])
    const [device] = devices as [TestDevice]
    await writeFile(device.path(TARGET), login(15))
    const before = await traitsOf(device)
    const row = await person.rowOnce('ann-1', { state: 'RotatedOnDevice' })
    expect(row).toMatchObject({
      reason: 'RotatedOnDevice',
      message:
        'The CLI refreshed the file at 2026-11-15T10:00:00.000000Z; it is newer than the stored document.',
      next_action: 'none',
      unblock: expect.stringMatching(/^Import it from the device/),
    })
    // Older than what the device has, though newer than what was stored.
    await person.upload(login(13))
    await person.sync('ann-1')
    expect((await person.row('ann-1')).state).toBe('RotatedOnDevice')
    expect(await person.stored()).toMatchObject({ auth_json_sha256: digestOf(login(13)) })
    expect(await traitsOf(device)).toEqual(before)
    // A person decides: the device's own becomes the stored one.
    await person.importFrom('ann-1')
    await person.rowOnce('ann-1', { state: 'InSync' })
    expect(await person.stored()).toMatchObject({ auth_json_sha256: digestOf(login(15)) })
    expect(await traitsOf(device)).toEqual(before)
  })

  it('is imported by itself with IfStale, and goes on to the other devices', async () => {
    const { person, devices } = await delivered('bob', 'IfStale', ['bob-1', 'bob-2'])
    const [first, second] = devices as [TestDevice, TestDevice]
    await writeFile(first.path(TARGET), login(15))
    const before = await traitsOf(first)
    await eventually('the login to be stored', async () => {
      const { auth_json_sha256 } = await person.stored()
      return auth_json_sha256 === digestOf(login(15))
    })
    await person.rowOnce('bob-1', { state: 'InSync', last_result: 'imported' })
    await eventually('the other device to have it', async () => {
      const text = await readFile(second.path(TARGET), 'utf8')
      return text === `${normalFormOf(login(15))}\n`
    })
    await person.rowOnce('bob-2', { state: 'InSync', last_result: 'written' })
    expect(await traitsOf(first)).toEqual(before)
    expect([resultsOf('bob-1'), resultsOf('bob-2')]).toEqual([
      ['written', 'imported'],
      ['written', 'written'],
    ])
  })

  it('does not give way to an older login, with IfStale neither', async () => {
    const { person, devices } = await delivered('cid', 'IfStale', ['cid-1'])
    const [device] = devices as [TestDevice]
    const before = await traitsOf(device)
    await person.upload(login(10))
    const row = await person.rowOnce('cid-1', { state: 'Stale' })
    expect(row).toMatchObject({ reason: 'NewerOnDevice', next_action: 'none' })
    expect([await traitsOf(device), resultsOf('cid-1')]).toEqual([before, ['written']])
    // A newer one is what the policy is for; it is the next thing the device is asked.
    await person.upload(login(20))
    await person.rowOnce('cid-1', { state: 'InSync' })
    expect(await readFile(device.path(TARGET), 'utf8')).toBe(`${normalFormOf(login(20))}\n`)
    expect(resultsOf('cid-1')).toEqual(['written', 'written'])
  })

  it('of another account is foreign and stays as it is, whatever is stored, asked for or switched', async () => {
    const { person, devices } = await delivered('dan', 'IfStale', ['dan-1'])
    const [device] = devices as [TestDevice]
    await writeFile(device.path(TARGET), login(15, 'somebody else'))
    const before = await traitsOf(device)
    const foreign = { state: 'Foreign', reason: 'OtherAccount', next_action: 'none' } as const
    await person.rowOnce('dan-1', foreign)
    await person.upload(login(20))
    const { items } = await person.sync('dan-1')
    expect(items).toEqual([{ device_id: 'dan-1', success: true, status: 'skipped_existing', error: null }])
    await person.rowOnce('dan-1', foreign)
    await person.allow({ updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    await person.turn('off')
    await person.rowOnce('dan-1', { state: 'NotManaged', reason: 'Enabled' })
    expect(await traitsOf(device)).toEqual(before)
    expect(await person.stored()).toMatchObject({ auth_json_sha256: digestOf(login(20)) })
    expect(resultsOf('dan-1')).toEqual(['written', 'skipped_existing'])
  })

  it('that is there before our agent comes is foreign and stays as it is', async () => {
    const person = await Person.arrive(installation, 'eva')
    await person.wants(login(20))
    await person.allow({ updatePolicy: 'IfStale', removalPolicy: 'RemoveManaged' })
    const device = await installation.addDevice('eva', 'eva-1')
    await mkdir(device.path('~/.codex'))
    await writeFile(device.path(TARGET), login(10))
    const before = await traitsOf(device)
    await device.start()
    await person.rowOnce('eva-1', { state: 'Foreign', reason: 'WrittenElsewhere' })
    await person.turn('off')
    await person.rowOnce('eva-1', { state: 'NotManaged' })
    expect([await traitsOf(device), resultsOf('eva-1')]).toEqual([before, []])
  })
})
