import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { API_VERSION } from '#crds/group.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'
import { Person } from '#test/support/person.ts'

// A CLI of its own, so that whatever else runs on this machine counts for nothing.
const CLI = 'sharing-cli'
const TARGET = '~/.sharer/auth.json'
const RUNTIME = {
  apiVersion: API_VERSION,
  kind: 'Runtime',
  metadata: { name: 'sharer' },
  spec: {
    displayName: 'Sharer',
    processName: CLI,
    auth: {
      targetPath: TARGET,
      format: 'json',
      validation: { maxBytes: 65_536 },
      fields: { accountId: '/account', refreshToken: '/refresh_token' },
    },
  },
}
const LOGIN = '{"account":"someone","refresh_token":"canary-of-a-refresh-token"}'

const SHARED = {
  reason: 'SharedBetweenDevices',
  message:
    'The same refresh token is on several active devices: desk, laptop. The first to refresh it logs the others out.',
}
const NOT_SHARED = {
  reason: 'NotShared',
  message: 'No refresh token is in use on several devices.',
}

describe('a login with a refresh token on two devices of ours', () => {
  let installation: Installation
  let person: Person
  let cli: ChildProcess
  let desk: TestDevice
  let laptop: TestDevice

  beforeAll(async () => {
    installation = await startInstallation(['--log-level', 'debug'])
    const admin = await installation.client('admin', ['user', 'admin'])
    await admin.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: RUNTIME })
    person = await Person.arrive(installation, 'alice')
    await person.wants(LOGIN, 'sharer')
    cli = await startCli(installation.root)
    ;[desk, laptop] = [
      await installation.addDevice('alice', 'desk'),
      await installation.addDevice('alice', 'laptop'),
    ]
    await Promise.all([desk.start(), laptop.start()])
  })

  afterAll(async () => {
    cli.kill()
    await installation.close()
  })

  /** Which devices the warning is about, as the configuration and as the devices show it, once both agree on that. */
  const untilShared = (names: readonly string[]) =>
    eventually(`a warning about ${names.join(' and ') || 'nobody'}`, async () => {
      const [condition, devices] = [
        await person.condition('CredentialShared', 'sharer'),
        await person.devices(),
      ]
      const shown = devices.filter((device) => device.credential_shared).map((device) => device.device_id)
      const isSo =
        condition?.status === (names.length > 0 ? 'True' : 'False') && shown.join() === names.join()
      return isSo ? condition : null
    })

  it('is warned of before a vendor refuses one: both devices are named', async () => {
    const condition = await untilShared(['desk', 'laptop'])
    expect(condition).toMatchObject(SHARED)
    expect(installation.server().said()).not.toContain('canary-of-a-refresh-token')
  })

  it('is no longer shared when one device logs in by itself', async () => {
    await writeFile(laptop.path(TARGET), '{"account":"someone","refresh_token":"another"}')
    expect(await untilShared([])).toMatchObject(NOT_SHARED)
    await person.rowOnce('laptop', { state: 'RotatedOnDevice' }, 'sharer')
  })

  it('is shared again when that device lost its own and got the stored one', async () => {
    await rm(laptop.path(TARGET))
    expect(await untilShared(['desk', 'laptop'])).toMatchObject(SHARED)
  })

  it('is no longer shared when one device goes offline, and is again when it is back', async () => {
    await laptop.stop()
    expect(await untilShared([])).toMatchObject(NOT_SHARED)
    await laptop.start()
    expect(await untilShared(['desk', 'laptop'])).toMatchObject(SHARED)
  })

  it('is still shared after the server was restarted', async () => {
    await installation.server().kill()
    await installation.startServer()
    await eventually('both devices to be back', async () =>
      (await person.devices()).every((device) => device.online),
    )
    expect(await untilShared(['desk', 'laptop'])).toMatchObject(SHARED)
  })

  it('is no longer shared when one device loses the file for good', async () => {
    await person.turn('off', 'sharer')
    await rm(laptop.path(TARGET))
    expect(await untilShared([])).toMatchObject(NOT_SHARED)
    await expect(stat(laptop.path(TARGET))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

/** A program that does nothing, under the name of the CLI, until it is killed. */
async function startCli(folder: string): Promise<ChildProcess> {
  const program = join(folder, CLI)
  await writeFile(program, '#!/bin/sh\necho started\nread -r _\n', { mode: 0o755 })
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return child
}
