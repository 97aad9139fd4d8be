import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { parse, stringify } from 'yaml'

import { eventually, type Installation, type TestDevice } from '#test/support/installation.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { type ChartAccount, makeChartAccount } from './chart-account.ts'
import { startClusterInstallation } from './cluster-installation.ts'
import { installDefinitions, runProgram } from './kubectl.ts'
import { type Grant, grantsOf, nameOf } from './rbac-grants.ts'
import { makeServiceAccount } from './service-account.ts'

const NAMESPACE = 'ops'
const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const AUTH_FILE = '~/.codex/auth.json'
const REVIEWED = 'runtime-config-operator/api'

/** What the leader does a minute after it began, and for replicas that have been gone for long. rbac.test.ts shows that it does. */
const LATER = ['delete leases (namespace)', 'delete secrets (namespace)']

let folder: string
let server: ApiServer
let account: ChartAccount
let installation: Installation
let isClosed = false

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-audit-'))
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata' }],
  }
  await writeFile(join(folder, 'policy.yaml'), stringify(policy))
  server = await startApiServer(inject('assets'), {
    'audit-policy-file': join(folder, 'policy.yaml'),
    'audit-log-path': join(folder, 'audit.log'),
    'audit-log-mode': 'blocking',
  })
  await installDefinitions(server.kubeconfig)
  account = await makeChartAccount({ kubeconfig: server.kubeconfig, namespace: NAMESPACE })
  installation = await startClusterInstallation({
    kubeconfig: account.kubeconfig,
    namespace: NAMESPACE,
    flags: ['--token-review', REVIEWED],
  })
})

afterAll(async () => {
  if (!isClosed) await installation.close()
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

it('a replica that is used for everything uses everything that the chart grants, and asks for nothing else', async () => {
  await administrate()
  await keepLogins()
  await keepProxy()
  const device = await deliver()
  await changeDevice(device)
  await useTokens()
  await lockOut()
  await installation.close()
  isClosed = true
  const events = await readAudit()
  const granted = grantsOf(account.rendered)
  const used = new Set(
    events.filter(({ isAllowed }) => isAllowed).map((event) => nameOf(grantOf(event, granted))),
  )
  expect(events.filter(({ isAllowed }) => !isAllowed)).toEqual([])
  expect([...used, ...LATER].toSorted()).toEqual(granted.map(nameOf).toSorted())
}, 180_000)

/** Kinds of the whole installation, as an administrator applies, reads and deletes them through the API. */
async function administrate(): Promise<void> {
  for (const [kind, file] of [
    ['runtimes', 'runtime.yaml'],
    ['managedruntimeconfigs', 'managed-config.yaml'],
  ] as const) {
    const manifest = parse(await readFile(join(EXAMPLES, file), 'utf8')) as {
      metadata: { name: string }
      spec: Manifest
    }
    await call('root', 'POST /v1/namespaces/default/apply', manifest)
    const changed = { ...manifest, metadata: { ...manifest.metadata, labels: { changed: 'yes' } } }
    await call('root', 'POST /v1/namespaces/default/apply', changed)
    const path = `/v1/namespaces/default/${kind}/${manifest.metadata.name}`
    await call('root', `GET ${path}`)
    if (kind === 'managedruntimeconfigs') await untilReady('mrc', manifest.metadata.name)
    await call('root', `DELETE ${path}`)
  }
}

async function keepLogins(): Promise<void> {
  const path = '/users/me/runtime-configs/codex'
  for (const refresh_token of ['one', 'two']) {
    const auth_json = JSON.stringify({ tokens: { account_id: 'a', refresh_token } })
    await call('alice', `POST ${path}/auth-json`, { auth_json })
  }
  await call('alice', 'DELETE /v1/namespaces/default/userruntimeconfigs/codex')
}

async function keepProxy(): Promise<void> {
  for (const proxy_url of ['http://127.0.0.1:7890', 'http://127.0.0.1:7891']) {
    await call('alice', 'PUT /users/me/proxy-config', { proxy_url })
  }
  await untilReady('upc', 'default', 'user-alice')
  await call('alice', 'DELETE /v1/namespaces/default/userproxyconfigs/default')
}

/** A login that is in a Secret arrives on a device, twice. */
async function deliver(): Promise<TestDevice> {
  const device = await installation.addDevice('alice', 'laptop')
  await device.start()
  await apply(await readFile(join(EXAMPLES, 'secret-config.yaml'), 'utf8'))
  await call('alice', 'PUT /users/me/runtime-configs/codex', { use_user_config: true })
  for (const _ of ['first', 'again']) {
    await eventually('the file', () => readFile(device.path(AUTH_FILE)).catch(() => null))
    await rm(device.path(AUTH_FILE))
  }
  await eventually('the file', () => readFile(device.path(AUTH_FILE)).catch(() => null))
  return device
}

async function changeDevice(device: TestDevice): Promise<void> {
  await device.stop()
  await device.start(['--name', 'Another name'])
  const path = '/v1/namespaces/default/devices/laptop'
  await eventually('its new name', async () => {
    const { spec } = asManifest(await call('alice', `GET ${path}`)) as { readonly spec?: Manifest }
    return spec?.['displayName'] === 'Another name'
  })
  await device.stop()
  await call('alice', `DELETE ${path}`)
}

async function useTokens(): Promise<void> {
  const made = asManifest(await call('alice', 'POST /users/me/device-tokens', { name: 'spare' }))
  await call('alice', 'GET /users/me/device-tokens')
  await call('alice', `DELETE /users/me/device-tokens/${String(made['id'])}`)
  await call('alice', 'DELETE /users/me/tokens/current')
  const { token } = await makeServiceAccount(server.kubeconfig, {
    namespace: NAMESPACE,
    name: 'backend',
    audiences: [REVIEWED],
  })
  // Who it is was asked; that the server does not know them is another matter.
  await fetch(`${installation.address()}/users/me/devices`, { headers: { authorization: `Bearer ${token}` } })
}

async function lockOut(): Promise<void> {
  await call('root', 'PUT /users/alice', { is_active: false })
}

/** Calls the API as a person: `GET /users`. What is refused fails. */
async function call(user: string, what: string, body?: unknown): Promise<unknown> {
  const [method, path = ''] = what.split(' ')
  const client = await installation.client(user, user === 'root' ? ['user', 'admin'] : ['user'])
  return client.call({ method: method as 'GET', path, ...(body !== undefined && { body }) })
}

interface AuditedRequest {
  readonly verb: string
  readonly group: string
  readonly resource: string
  readonly namespace: string | undefined
  readonly isAllowed: boolean
}

/** What the service account asked for, as the API server saw it. */
async function readAudit(): Promise<readonly AuditedRequest[]> {
  const name = account.rendered.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name ?? ''
  const lines = (await readFile(join(folder, 'audit.log'), 'utf8')).trim().split('\n')
  return lines
    .map((line) => asManifest(JSON.parse(line)))
    .filter(({ user }) => asManifest(user)['username'] === `system:serviceaccount:${NAMESPACE}:${name}`)
    .map(({ verb, objectRef, annotations }) => {
      const { apiGroup, resource, subresource, namespace } = asManifest(objectRef)
      return {
        verb: textOf(verb),
        group: textOf(apiGroup),
        resource: [resource, subresource].filter((part) => typeof part === 'string').join('/'),
        namespace: typeof namespace === 'string' ? namespace : undefined,
        isAllowed: asManifest(annotations)['authorization.k8s.io/decision'] === 'allow',
      }
    })
}

// Reading Secrets everywhere includes the release's own; what is about those is what the Role is for.
function grantOf({ verb, group, resource, namespace }: AuditedRequest, granted: readonly Grant[]): Grant {
  const own: Grant = { scope: 'namespace', group, resource, verb }
  const isOwn = namespace === NAMESPACE && granted.some((grant) => nameOf(grant) === nameOf(own))
  return isOwn ? own : { ...own, scope: 'cluster' }
}

async function untilReady(kind: string, name: string, namespace = 'default'): Promise<void> {
  await kubectl([
    'wait',
    '--for=condition=Ready',
    `${kind}/${name}`,
    `--namespace=${namespace}`,
    '--timeout=30s',
  ])
}

async function apply(text: string): Promise<void> {
  await kubectl(['apply', '-f', '-'], text)
}

async function kubectl(args: readonly string[], input = ''): Promise<void> {
  const program = [inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`]
  const { code, stderr } = await runProgram([...program, ...args], input)
  if (code !== 0) throw new Error(stderr)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
