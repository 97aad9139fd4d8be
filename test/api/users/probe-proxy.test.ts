import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { CommandResult, ProxyProbe } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'
import { aCommandResult, aDeviceReport, inMemory } from '#test/support/api-devices.ts'
import { startTestApi, type TestApi } from '#test/support/api-server.ts'
import { damageProxy, problemOf, saveProxy } from '#test/support/api-stories.ts'

const PROXY = 'http://canary-user:canary-password@canary-host.example:3128'
const DEVICE = '/users/me/devices/device-1'

let api: TestApi

beforeEach(async () => {
  api = await startTestApi()
})

afterEach(() => api.stop())

const probe = (deviceId = 'device-1', body: unknown = {}) =>
  api.call('POST', `/users/me/devices/${deviceId}/probe-proxy`, { body })

function found(overrides: Partial<ProxyProbe> = {}): CommandResult {
  const probe = {
    isReachable: true,
    isConnectAccepted: true,
    isAuthenticated: true,
    isTlsIntact: null,
    message: 'the proxy connects; TLS was not tried',
    ...overrides,
  }
  return aCommandResult({ status: 'probed', path: null, content: null, probe })
}

function answerWith(result: CommandResult): void {
  api.devices.add(aDeviceReport(), async () => result)
}

const FOUND = {
  device_id: 'device-1',
  reachable: true,
  connect_accepted: true,
  authenticated: true,
  tls_intact: null,
  message: 'the proxy connects; TLS was not tried',
  probed_at: '2026-11-21T10:00:00.000Z',
}

async function shown(path = DEVICE): Promise<unknown> {
  return ((await api.call('GET', path)).body as { readonly proxy_probe: unknown }).proxy_probe
}

describe('a device that is asked', () => {
  beforeEach(() => saveProxy(api, PROXY))

  it('gets the saved proxy, and says what it found', async () => {
    answerWith(found())
    const { status, body, headers } = await probe()
    expect({ status, body }).toEqual({ status: 200, body: FOUND })
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, 'no-store'])
    expect(api.devices.sent).toMatchObject([
      { device: { namespace: 'user-1', deviceId: 'device-1' }, command: { key: 'probe_proxy' } },
    ])
    const [sent] = api.devices.sent
    expect(sent?.command.key === 'probe_proxy' && sent.command.proxyUrl.open()).toBe(PROXY)
  })

  it('needs no body, and nothing in it', async () => {
    answerWith(found())
    expect((await api.call('POST', `${DEVICE}/probe-proxy`)).status).toBe(200)
    expect((await probe('device-1', { proxy_url: 'http://other:1' })).status).toBe(200)
    expect((await probe('device-1', [])).status).toBe(422)
    expect((await probe('device-1', 'null')).status).toBe(422)
  })

  it.each([
    [{ isReachable: false, isConnectAccepted: null, isAuthenticated: null }, [false, null, null, null]],
    [{ isConnectAccepted: false, isAuthenticated: false }, [true, false, false, null]],
    [{ isAuthenticated: null, isTlsIntact: false }, [true, true, null, false]],
  ])('may find %j', async (answers, views) => {
    answerWith(found(answers))
    const [reachable, connect_accepted, authenticated, tls_intact] = views
    const expected = { ...FOUND, reachable, connect_accepted, authenticated, tls_intact }
    expect((await probe()).body).toEqual(expected)
    expect(await shown()).toEqual(expected)
  })

  it('is believed one short line of words', async () => {
    answerWith(found({ message: ` one\nline\u0000${'x'.repeat(1000)}` }))
    expect((await probe()).body).toMatchObject({
      message: expect.stringMatching(/^one line x{491}…$/),
    })
  })
})

describe('the row of a device', () => {
  beforeEach(() => saveProxy(api, PROXY))

  it('shows the last try, alone and in the list', async () => {
    answerWith(found())
    api.devices.add(aDeviceReport({ deviceId: 'device-2' }))
    expect(await shown()).toBeNull()
    await probe()
    api.clock.jump(1000)
    answerWith(found({ isAuthenticated: null }))
    const last = { ...FOUND, authenticated: null, probed_at: '2026-11-21T10:00:01.000Z' }
    expect((await probe()).body).toEqual(last)
    expect(await shown()).toEqual(last)
    expect((await api.call('GET', '/users/me/devices')).body).toMatchObject({
      items: [{ proxy_probe: last }, { proxy_probe: null }],
    })
  })

  it.each(['http://another.example:80', PROXY, ''])('forgets it when %j is saved', async (url) => {
    answerWith(found())
    await probe()
    await saveProxy(api, url)
    expect(await shown()).toBeNull()
    await saveProxy(api, PROXY)
    expect(await shown()).toBeNull()
  })

  it('keeps it when a later try fails, and does not take one of a proxy that was replaced meanwhile', async () => {
    answerWith(found())
    await probe()
    answerWith(aCommandResult({ status: 'failed', error: 'too many commands at once' }))
    expect((await probe()).status).toBe(409)
    expect(await shown()).toEqual(FOUND)
    api.devices.add(aDeviceReport(), async () => {
      await saveProxy(api, 'http://another.example:80')
      return found()
    })
    expect((await probe()).status).toBe(200)
    expect(await shown()).toBeNull()
  })

  it("is nobody else's", async () => {
    answerWith(found())
    await probe()
    const grace = await api.tokenFor('grace')
    await saveProxy(api, PROXY, grace)
    api.devices.add(aDeviceReport({ namespace: 'user-2' }))
    expect((await api.call('GET', DEVICE, { token: grace })).body).toMatchObject({ proxy_probe: null })
  })
})

describe('is refused', () => {
  it('without a proxy, and with one that does not open', async () => {
    answerWith(found())
    const refused = { status: 400, body: { code: 'PROXY_NOT_CONFIGURED', detail: 'proxy is not configured' } }
    expect(await probe()).toMatchObject(refused)
    await saveProxy(api, PROXY)
    await damageProxy(api, 'damaged')
    expect(await probe()).toMatchObject(refused)
    expect(api.devices.sent).toEqual([])
  })

  it.each(['nobody', 'foreign', '%00', 'x'.repeat(500)])('for the unknown device %.20s', async (deviceId) => {
    await saveProxy(api, PROXY)
    api.devices.add(aDeviceReport({ namespace: 'user-2', deviceId: 'foreign' }))
    expect(problemOf(await probe(deviceId))).toEqual({
      status: 404,
      detail: 'Device not found or access denied',
    })
    expect(api.devices.sent).toEqual([])
  })

  it.each([
    ['DEVICE_OFFLINE', "Device 'device-1' is offline"],
    [
      'DEVICE_UNSUPPORTED',
      "Device 'device-1' cannot do this: 'probe_proxy' needs the runtimeconfig agent on it",
    ],
    ['DEVICE_TIMEOUT', "Device 'device-1' did not answer in time"],
  ] as const)('when the channel says %s', async (code, detail) => {
    await saveProxy(api, PROXY)
    api.devices.add(aDeviceReport(), () => Promise.reject(new AppError(code, detail)))
    expect(await probe()).toMatchObject({ status: 409, body: { code, detail } })
    expect(await shown()).toBeNull()
  })

  it.each([
    [{ status: 'failed', error: 'proxy URL must\nname a host' }, 'proxy URL must name a host'],
    [{ status: 'probed', probe: null }, 'the device did not say what it found'],
  ] as const)('when the device answers %j', async (result, detail) => {
    await saveProxy(api, PROXY)
    answerWith(aCommandResult(result))
    expect(await probe()).toMatchObject({ status: 409, body: { code: 'DEVICE_FAILED', detail } })
  })

  it('while the device is suspended', async () => {
    await saveProxy(api, PROXY)
    answerWith(found())
    const device = await api.store.create('Device', {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Device',
      metadata: { name: 'device-1', namespace: 'user-1' },
      spec: { deviceId: 'device-1', displayName: 'Laptop', deviceType: 'local', suspend: true },
    })
    await inMemory(api, device)
    expect(await probe()).toMatchObject({
      status: 409,
      body: {
        code: 'DEVICE_UNSUPPORTED',
        detail: "Device 'device-1' is suspended: nothing is sent to it while spec.suspend is true",
      },
    })
    expect(api.devices.sent).toEqual([])
  })

  it('with a version of the device that is not the current one', async () => {
    await saveProxy(api, PROXY)
    answerWith(found())
    const etag = (await api.call('GET', DEVICE)).headers.get('etag') ?? ''
    const withVersion = (version: string) =>
      api.call('POST', `${DEVICE}/probe-proxy`, { body: {}, headers: { 'if-match': version } })
    expect((await withVersion(etag)).status).toBe(200)
    expect((await withVersion(etag)).status).toBe(412)
    expect(api.devices.sent).toHaveLength(1)
  })
})

it('writes down who asked which device, and nothing of the proxy anywhere', async () => {
  await saveProxy(api, PROXY)
  const texts: string[] = []
  for (const result of [found(), aCommandResult({ status: 'failed', error: 'no' })]) {
    answerWith(result)
    texts.push((await probe()).text)
  }
  texts.push((await probe('nobody')).text, (await api.call('GET', '/users/me/devices')).text)
  expect(api.log.map(({ fields }) => fields)).toMatchObject([
    { audit: 'proxy.save' },
    { audit: 'proxy.probe', device: 'device-1', user: 'ada' },
  ])
  expect(texts.join('') + inspect(api.log, { depth: null })).not.toContain('canary')
})
