import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { Client } from '#cli/client.ts'
import { API_VERSION } from '#crds/group.ts'
import { fingerprint } from '#layers/fingerprint.ts'
import { readToml } from '#layers/toml/read.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'

const CONFIG = '/users/me/runtime-configs/codex/config'

interface Layer {
  readonly type: string
  readonly version: string | null
}

interface Row {
  readonly runtime: string
  readonly config_layers: readonly Layer[] | null
}

interface ManagedView {
  readonly status?: {
    readonly selectedUsers?: number
    readonly conditions?: readonly { readonly reason: string }[]
  }
}

let installation: Installation
let client: Client
let admin: Client
let device: TestDevice

beforeAll(async () => {
  installation = await startInstallation(['--log-level', 'warn'])
  client = await installation.client('alice')
  admin = await installation.client('root', ['admin'])
  device = await installation.addDevice('alice', 'workstation')
  await device.start()
})

afterAll(() => installation.close())

const layersOf = async (): Promise<readonly Layer[] | null> => {
  const view = (await client.call({ path: '/users/me/devices' })) as {
    readonly items: readonly { readonly runtimes: readonly Row[] }[]
  }
  const row = view.items[0]?.runtimes.find(({ runtime }) => runtime === 'codex')
  // The files of the machine itself are not the test's.
  return row?.config_layers?.filter(({ type }) => type === 'user') ?? null
}

async function writeConfig(text: string): Promise<void> {
  const path = device.path('~/.codex/config.toml')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

it('shows which layers a device has, and follows them as they change', async () => {
  await eventually('the device to be heard', async () => (await layersOf())?.length === 0)
  for (const text of ['x_setting = 1\n', 'x_setting = 2 # another\n']) {
    await writeConfig(text)
    const version = fingerprint(readToml(text))
    await eventually('the version', async () => (await layersOf())?.[0]?.version === version)
  }
  await writeConfig('x_setting = ')
  await eventually('the mark', async () => (await layersOf())?.[0]?.version === null)
  expect(await layersOf()).toEqual([{ type: 'user', version: null }])
})

it('stays there while the device is away, and after the server started anew', async () => {
  await writeConfig('x_setting = 3\n')
  const version = fingerprint(readToml('x_setting = 3\n'))
  const isShown = async () => (await layersOf())?.[0]?.version === version
  await eventually('the version', isShown)
  const written = async () => {
    const object = (await client.call({ path: '/v1/namespaces/default/devices/workstation' })) as {
      readonly status?: { readonly runtimes?: readonly { readonly config?: object }[] }
    }
    return JSON.stringify(object.status?.runtimes ?? []).includes(version)
  }
  await eventually('the status of the device', written)
  await device.stop()
  await installation.server().kill('SIGTERM')
  await installation.startServer()
  client = await installation.client('alice')
  admin = await installation.client('root', ['admin'])
  expect(await isShown()).toBe(true)
})

it('applies what an administrator sets, from the applied manifest to the edit that is refused', async () => {
  const manifest = {
    apiVersion: API_VERSION,
    kind: 'ManagedRuntimeConfig',
    metadata: { name: 'company' },
    spec: {
      runtime: 'codex',
      config: 'model = "company"\n',
      requirements: 'allowed_sandbox_modes = ["read-only"]\n',
      selector: { users: ['alice'] },
    },
  }
  await admin.call({ method: 'POST', path: '/v1/namespaces/default/apply', body: manifest })
  await eventually('the verdict', async () => {
    const { status } = (await admin.call({ path: '/v1/namespaces/default/mrc/company' })) as ManagedView
    return status?.selectedUsers === 1 && status.conditions?.[0]?.reason === 'Parsed'
  })
  const put = (keyPath: string, value: unknown) =>
    client.call({
      method: 'PUT',
      path: CONFIG,
      body: { edits: [{ keyPath, value, mergeStrategy: 'replace' }] },
    })
  expect(await put('model', 'mine')).toMatchObject({ status: 'okOverridden' })
  await expect(put('sandbox_mode', 'danger-full-access')).rejects.toMatchObject({
    code: 'configValidationError',
  })
  expect(await client.call({ path: CONFIG })).toMatchObject({
    config: { model: 'company' },
    origins: { model: { name: { type: 'managedRuntimeConfig', name: 'company' } } },
  })
})

it('keeps the settings over a kill of the server', async () => {
  await installation.server().kill('SIGKILL')
  await installation.startServer()
  client = await installation.client('alice')
  expect(await client.call({ path: `${CONFIG}?include=layers` })).toMatchObject({
    layers: [{ config: { model: 'company' } }, { config: { model: 'mine' } }],
  })
})
