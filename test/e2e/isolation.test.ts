import { readFile, stat } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'

const USERS = ['alice', 'bob'] as const
const DEVICES = ['desk', 'laptop', 'studio'] as const
const RUNTIMES = [
  ['codex', '~/.codex/auth.json'],
  ['claude', '~/.claude/.credentials.json'],
] as const

type UserName = (typeof USERS)[number]

const documentOf = (user: UserName, runtime: string): string =>
  JSON.stringify({ [runtime]: `the login of ${user} for ${runtime}` })

describe('two users with three devices each and two runtimes', () => {
  let installation: Installation
  // Both users call their devices the same, so that only the user tells them apart.
  const fleet: Record<UserName, TestDevice[]> = { alice: [], bob: [] }

  beforeAll(async () => {
    installation = await startInstallation(['--log-level', 'warn'])
    for (const user of USERS) {
      const client = await installation.client(user)
      for (const [runtime] of RUNTIMES) {
        const path = `/users/me/runtime-configs/${runtime}`
        await client.call({
          method: 'POST',
          path: `${path}/auth-json`,
          body: { auth_json: documentOf(user, runtime) },
        })
        await client.call({ method: 'PUT', path, body: { use_user_config: true } })
      }
      await client.call({
        method: 'PUT',
        path: '/users/me/proxy-config',
        body: { proxy_url: `http://${user}:secret-of-${user}@127.0.0.1:3128` },
      })
      fleet[user] = await Promise.all(DEVICES.map((id) => installation.addDevice(user, id)))
      await Promise.all(fleet[user].map((device) => device.start()))
    }
  })

  afterAll(() => installation.close())

  it("puts each user's own login on each of their devices and nobody else's", async () => {
    for (const user of USERS) {
      for (const device of fleet[user]) {
        for (const [runtime, path] of RUNTIMES) {
          const file = device.path(path)
          await eventually(file, () => stat(file).catch(() => null))
          expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(documentOf(user, runtime)))
        }
      }
    }
  })

  it('63: shows a user only the devices of that user, though the ids are the same', async () => {
    const client = await installation.client('bob')
    const alone = await installation.client('carol')
    const bobs = JSON.stringify(await client.call({ path: '/users/me/devices' }))
    expect([bobs.includes('alice'), await alone.call({ path: '/users/me/devices' })]).toEqual([
      false,
      { items: [] },
    ])
  })

  it.each([
    ['GET', '/users/me/devices/desk', 'DEVICE_UNKNOWN'],
    ['POST', '/users/me/runtime-configs/codex/import-device', 'DEVICE_UNKNOWN'],
    ['POST', '/users/me/runtime-configs/codex/sync', 'DEVICE_UNKNOWN'],
  ] as const)('refuses another user who guesses a device id: %s %s', async (method, path, code) => {
    const stranger = await installation.client('mallory')
    await stranger.call({
      method: 'POST',
      path: '/users/me/runtime-configs/codex/auth-json',
      body: { auth_json: '{}' },
    })
    await expect(
      stranger.call({
        method,
        path,
        ...(method === 'POST' ? { body: { device_id: 'desk', device_ids: ['desk'] } } : {}),
      }),
    ).rejects.toMatchObject({ code })
  })

  it.each(['user-1', 'user-2', 'alice', 'bob', 'kube-system', '..', 'user-1%2f..%2fuser-2'])(
    'gives a plain user nothing of the namespace %s',
    async (namespace) => {
      const stranger = await installation.client('mallory')
      for (const plural of ['userruntimeconfigs', 'userproxyconfigs', 'devices']) {
        await expect(stranger.call({ path: `/v1/namespaces/${namespace}/${plural}` })).rejects.toMatchObject({
          code: 'NOT_FOUND',
        })
      }
    },
  )

  it("does not accept a device token for the user's API, nor for another device, nor a made-up one", async () => {
    const client = await installation.client('alice')
    const { token } = (await client.call({
      method: 'POST',
      path: '/users/me/device-tokens',
      body: { name: 'x', device_id: 'x' },
    })) as { readonly token: string }
    const flipped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    for (const [guess, code] of [
      [token, 'FORBIDDEN'],
      [flipped, 'UNAUTHENTICATED'],
    ] as const) {
      const asDevice = createClient(installation.address(), new Secret(guess))
      await expect(asDevice.call({ path: '/users/me/devices' })).rejects.toMatchObject({ code })
    }
  })

  it('lets nobody act for somebody else without the execution scope', async () => {
    const token = await installation.token('mallory')
    const response = await fetch(`${installation.address()}/execution-requests/enrich`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-on-behalf-of': 'alice',
      },
      body: JSON.stringify({ runtime: 'codex', model_config: {} }),
    })
    expect([response.status, (await response.text()).includes('secret-of-alice')]).toEqual([403, false])
  })
})
