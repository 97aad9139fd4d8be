import { readFile, stat, writeFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { API_VERSION } from '#crds/group.ts'
import { aCanary, filesOf, findLeaks, watchArguments } from '#test/support/canaries.ts'
import {
  eventually,
  type Installation,
  startInstallation,
  type TestDevice,
} from '#test/support/installation.ts'

const CANARY = aCanary('Login')
const PROXY_CANARY = aCanary('Proxy')
const SETTING_CANARY = aCanary('Setting')
const CODEX = '/users/me/runtime-configs/codex'
const LOGIN = JSON.stringify({
  tokens: { account_id: CANARY, refresh_token: CANARY, access_token: CANARY },
  last_refresh: '2026-11-20T10:00:00Z',
})

it('a secret that goes through every feature stays where it belongs', async () => {
  // The loudest a person can make it: libraries print whole packets, and Node the options of each connection.
  process.env['DEBUG'] = '*'
  process.env['NODE_DEBUG'] = 'http,https,net,tls,child_process,fetch,undici'
  const installation = await startInstallation(['--log-level', 'trace'])
  const answers: string[] = []
  const device = await installation.addDevice('alice', 'workstation')
  const watch = watchArguments()
  await device.start(['--log-level', 'trace'])
  await useEverything(installation, device, answers)
  const metrics = await (await fetch(`${installation.address()}/metrics`)).text()
  const argumentsSeen = await watch.stop()
  const running = await filesOf(installation.data)
  await device.stop()
  await installation.server().kill('SIGTERM')
  const places = {
    answers: answers.join('\n'),
    metrics,
    'process arguments': argumentsSeen,
    'log of the server': installation.server().said(),
    'log of the agent': device.agent()?.said() ?? '',
    'store while running (WAL included)': running,
    'store after the end': await filesOf(installation.data),
    'state folder of the agent': await filesOf(device.state),
  }
  const secrets = { login: CANARY, proxy: PROXY_CANARY, setting: SETTING_CANARY }
  expect(findLeaks(places, secrets)).toEqual([])
  // What shows that the search would have found it: the places where it may be, and logs that were really written.
  expect(await readFile(device.path('~/.codex/auth.json'), 'utf8')).toContain(CANARY)
  expect(places['log of the server'].length).toBeGreaterThan(100)
  await installation.close()
})

async function useEverything(
  installation: Installation,
  device: TestDevice,
  answers: string[],
): Promise<void> {
  const ask = asker(installation, answers)
  await ask('POST', `${CODEX}/auth-json`, { auth_json: LOGIN })
  await ask('PUT', '/users/me/proxy-config', {
    proxy_url: `http://user:${PROXY_CANARY}@127.0.0.1:9/?key=${PROXY_CANARY}`,
  })
  await ask('PUT', CODEX, { use_user_config: true, use_proxy: true })
  const file = device.path('~/.codex/auth.json')
  await eventually('the file', () => stat(file).catch(() => null))
  await ask('POST', `${CODEX}/sync`, {})
  await ask('POST', `${CODEX}/import-device`, { device_id: 'workstation' })
  await ask('GET', '/users/me/devices')
  await ask('GET', '/users/me/devices/workstation')
  await ask('GET', '/users/me/runtime-configs')
  await ask('GET', '/users/me/proxy-config')
  for (const plural of ['userruntimeconfigs', 'userproxyconfigs', 'devices'])
    await ask('GET', `/v1/namespaces/default/${plural}`)
  await useSettings(installation, device, ask)
  await beWrong(ask)
  const spec = {
    runtime: 'codex',
    auth: { format: 'json', targetPath: '~/.codex/auth.json', updatePolicy: 'IfStale' },
  }
  await ask('POST', '/v1/namespaces/default/apply', {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex', namespace: 'default' },
    spec,
  })
  await ask('POST', `${CODEX}/auth-json`, { auth_json: LOGIN.replace('access_token', 'another_token') })
  await eventually('the replaced file', async () => (await readFile(file, 'utf8')).includes('another_token'))
  await enrich(installation, answers)
}

// Settings are shown to their user, by one route and in an enriched request that asks for them; nowhere else.
async function useSettings(installation: Installation, device: TestDevice, ask: Ask): Promise<void> {
  const edit = (keyPath: string, value: unknown) => ({ keyPath, value, mergeStrategy: 'replace' })
  await ask('PUT', `${CODEX}/config`, {
    edits: [edit('x_token', SETTING_CANARY), edit('x_list', [SETTING_CANARY])],
  })
  await ask('PUT', `${CODEX}/config`, { edits: [edit('model', { deep: SETTING_CANARY })] })
  await ask('PUT', `${CODEX}/config`, { edits: [edit('x_token.below', 1)], expectedVersion: SETTING_CANARY })
  const headers = { authorization: `Bearer ${await installation.token('alice')}` }
  const shown = await fetch(`${installation.address()}${CODEX}/config?include=layers`, { headers })
  expect(await shown.text()).toContain(SETTING_CANARY)
  await writeFile(device.path('~/.codex/config.toml'), `x_token = "${SETTING_CANARY}"\n`)
  await eventually('the version', async () => {
    const devices = await fetch(`${installation.address()}/users/me/devices`, { headers })
    return (await devices.text()).includes('"type":"user","version":"sha256:')
  })
  await writeFile(device.path('~/.codex/config.toml'), `x_token = ${SETTING_CANARY}\n`)
  await eventually('the mark', async () => {
    const devices = await fetch(`${installation.address()}/users/me/devices`, { headers })
    return (await devices.text()).includes('"type":"user","version":null')
  })
}

// Secrets in the wrong place: each of these is refused, and none of them may be repeated.
async function beWrong(ask: Ask): Promise<void> {
  await ask('POST', `${CODEX}/auth-json`, { auth_json: `{"broken": "${CANARY}"` })
  await ask('POST', `${CODEX}/auth-json`, { auth_json: { token: CANARY } })
  await ask('POST', `${CODEX}/auth-json`, CANARY)
  await ask('PUT', '/users/me/proxy-config', { proxy_url: `http://user:${PROXY_CANARY}@` })
  await ask('PUT', '/users/me/proxy-config', { proxy_url: `ftp://user:${PROXY_CANARY}@h:1` })
  await ask('PUT', CODEX, { use_user_config: CANARY })
  await ask('POST', `${CODEX}/import-device`, { device_id: 'nobody', note: CANARY })
  const auth = { format: 'json', targetPath: '~/.codex/auth.json', encryptedValue: CANARY }
  await ask('POST', '/v1/namespaces/default/apply', {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: 'codex' },
    spec: { runtime: 'codex', auth },
  })
}

type Ask = (method: string, path: string, body?: unknown) => Promise<void>

function asker(installation: Installation, answers: string[]): Ask {
  return async (method, path, body) => {
    const token = await installation.token('alice')
    const response = await fetch(`${installation.address()}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    answers.push(JSON.stringify([...response.headers]), await response.text())
    expect(response.status, `${method} ${path}`).toBeLessThan(500)
  }
}

// The proxy belongs into an enriched request and the login does not, so only the login is looked for in this answer.
async function enrich(installation: Installation, answers: string[]): Promise<void> {
  const response = await fetch(`${installation.address()}/execution-requests/enrich`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await installation.token('alice', ['execution'])}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ model_config: { model: 'openai', protocol: 'openai-responses' } }),
  })
  const text = await response.text()
  expect([response.status, response.headers.get('cache-control'), text.includes(PROXY_CANARY)]).toEqual([
    200,
    'no-store',
    true,
  ])
  answers.push(text.replaceAll(PROXY_CANARY, ''))
}
