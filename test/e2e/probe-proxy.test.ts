import { writeFile } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { Client } from '#cli/client.ts'
import { DeviceList, DeviceView, ProxyProbeView } from '#protocol/device.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'
import { anHttpProxy, aSocksProxy, type Listening, listen } from '#test/support/proxies.ts'
import { TEST_CERTIFICATE } from '#test/support/test-certificate.ts'

const OK = 'HTTP/1.1 200 Connection established\r\n\r\n'
const PASSWORD = 'canary:p@ss/4711'
const LOGIN = `canary-user:${encodeURIComponent(PASSWORD)}@`
const BASIC = `Basic ${Buffer.from(`canary-user:${PASSWORD}`).toString('base64')}`

let installation: Installation
let alice: Client
let desk: TestDevice
/** Everything that came back over HTTP. */
const answers: string[] = []

beforeAll(async () => {
  installation = await startInstallation(['--log-level', 'debug'])
  alice = await installation.client('alice')
  desk = await installation.addDevice('alice', 'desk')
  await desk.start(['--log-level', 'debug'])
  await online('desk')
})

afterAll(() => installation.close())

async function call(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
  const answer = await alice.call({ method, path, ...(body && { body }) })
  answers.push(JSON.stringify(answer))
  return answer
}

async function show(): Promise<DeviceView> {
  return DeviceView.parse(await call('GET', '/users/me/devices/desk'))
}

function online(id: string): Promise<boolean> {
  return eventually(`${id} to be online`, async () => {
    const { items } = DeviceList.parse(await call('GET', '/users/me/devices'))
    return items.some(({ device_id, online }) => device_id === id && online)
  })
}

/** Saves a proxy and lets a device try it. */
async function probe(url: string, id = 'desk'): Promise<ProxyProbeView> {
  await call('PUT', '/users/me/proxy-config', { proxy_url: url })
  return ProxyProbeView.parse(await call('POST', `/users/me/devices/${id}/probe-proxy`, {}))
}

function aProbe(overrides: Partial<ProxyProbeView>): ProxyProbeView {
  return {
    device_id: 'desk',
    reachable: true,
    connect_accepted: true,
    authenticated: null,
    tls_intact: null,
    message: 'the proxy connects; TLS was not tried',
    probed_at: expect.any(String),
    ...overrides,
  }
}

/** A proxy that wants the login, and counts who got through. */
async function aStrictProxy(): Promise<Listening & { readonly passed: () => number }> {
  let passed = 0
  const proxy = await anHttpProxy((head) => {
    if (!head.includes(`\r\nProxy-Authorization: ${BASIC}\r\n`)) return 'HTTP/1.1 407 No\r\n\r\n'
    passed += 1
    return OK
  })
  return { ...proxy, passed: () => passed }
}

describe('a device that tries its proxy', () => {
  it('gets through an HTTP proxy, and its row shows that until another proxy is saved', async () => {
    await using proxy = await anHttpProxy(() => OK)
    const found = await probe(`http://localhost:${proxy.port}`)

    expect(found).toEqual(aProbe({}))
    expect((await show()).proxy_probe).toEqual(found)
    await call('PUT', '/users/me/proxy-config', { proxy_url: '' })
    expect((await show()).proxy_probe).toBeNull()
  })

  it('takes the login of an HTTP proxy, and only the right one', async () => {
    await using proxy = await aStrictProxy()
    expect(await probe(`http://${LOGIN}localhost:${proxy.port}`)).toEqual(aProbe({ authenticated: true }))
    expect(proxy.passed()).toBe(1)
    const refused = aProbe({
      connect_accepted: false,
      authenticated: false,
      message: 'the proxy wants another user name or password (407)',
    })
    expect(await probe(`http://canary-user:canary-wrong@localhost:${proxy.port}`)).toEqual(refused)
    expect(await probe(`http://localhost:${proxy.port}`)).toEqual(refused)
    expect(proxy.passed()).toBe(1)
  })

  it('gets through a SOCKS5 proxy with its login, and not with another', async () => {
    await using open = await aSocksProxy({})
    expect(await probe(`socks5://localhost:${open.port}`)).toEqual(aProbe({}))
    await using strict = await aSocksProxy({ login: `canary-user:${PASSWORD}` })
    expect(await probe(`socks5://${LOGIN}localhost:${strict.port}`)).toEqual(aProbe({ authenticated: true }))
    expect(await probe(`socks5://canary-user:canary-wrong@localhost:${strict.port}`)).toEqual(
      aProbe({
        connect_accepted: false,
        authenticated: false,
        message: 'the proxy wants another user name or password',
      }),
    )
  })

  it('finds nobody at a dead port', async () => {
    const gone = await listen(createServer())
    await gone[Symbol.asyncDispose]()
    expect(await probe(`http://${LOGIN}localhost:${gone.port}`)).toEqual(
      aProbe({
        reachable: false,
        connect_accepted: null,
        message: expect.stringMatching(/^cannot reach the proxy: [a-z ]+$/i),
      }),
    )
  })

  it('says when a proxy does not let it through', async () => {
    await using proxy = await anHttpProxy(() => 'HTTP/1.1 403 Forbidden\r\n\r\n')
    expect(await probe(`http://localhost:${proxy.port}`)).toEqual(
      aProbe({ connect_accepted: false, message: 'the proxy answered 403 when asked to connect' }),
    )
  })
})

it('tells whether a proxy leaves TLS to the server alone', async () => {
  await using tls = await aTlsFront(Number(new URL(installation.address()).port))
  const trusted = join(installation.root, 'trusted.pem')
  await writeFile(trusted, TEST_CERTIFICATE.cert)
  const studio = await installation.addDevice('alice', 'studio')
  vi.stubEnv('NODE_EXTRA_CA_CERTS', trusted)
  await studio.start(['--server', `https://127.0.0.1:${tls.port}`])
  vi.unstubAllEnvs()
  await online('studio')

  await using honest = await anHttpProxy(() => OK)
  expect(await probe(`http://localhost:${honest.port}`, 'studio')).toEqual(
    aProbe({ device_id: 'studio', tls_intact: true, message: 'the proxy connects and leaves TLS alone' }),
  )
  await using elsewhere = await listen(createServer((socket) => void socket.end('no TLS here\r\n')))
  await using detour = await aDetour(elsewhere.port)
  expect(await probe(`http://localhost:${detour.port}`, 'studio')).toEqual(
    aProbe({ device_id: 'studio', message: expect.stringMatching(/^TLS through the proxy failed: /) }),
  )
})

/** Speaks TLS in front of a server of this machine. */
function aTlsFront(port: number): Promise<Listening> {
  return listen(createTlsServer({ ...TEST_CERTIFICATE }, (socket) => handOn(socket, port)))
}

/** An HTTP proxy that connects somewhere else than it was asked to. */
function aDetour(port: number): Promise<Listening> {
  return listen(
    createServer((socket) => {
      socket.once('data', () => {
        socket.write(OK)
        handOn(socket, port)
      })
    }),
  )
}

function handOn(socket: Socket, port: number): void {
  const behind = connect(port, '127.0.0.1')
  socket.on('error', () => behind.destroy())
  behind.on('error', () => socket.destroy())
  socket.pipe(behind).pipe(socket)
}

it('leaves nothing of the proxy in an answer, or in a log of server or device', async () => {
  const unmasked = answers.filter((answer) => !answer.includes('"proxy_url_masked"')).join('\n')
  expect(unmasked).not.toMatch(/localhost|canary/)
  expect(answers.join('\n')).not.toContain('canary')
  for (const said of [installation.server().said(), desk.agent()?.said() ?? '']) {
    expect(said).toMatch(/proxy\.probe|probe_proxy/)
    expect(said).not.toMatch(/localhost|canary|p%40ss/)
  }
})
