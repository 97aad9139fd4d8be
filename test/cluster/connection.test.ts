import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'

import { systemClock } from '#cli/system-clock.ts'
import { createCache } from '#store/cache.ts'
import { type KubernetesStores, openKubernetes } from '#store/kubernetes/open.ts'
import { asManifest } from '#test/support/manifests.ts'
import { aDeviceStatus, aStoredDevice, aStoredRuntime } from '#test/support/store-objects.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { type Answer, installDefinitions, runProgram } from './kubectl.ts'
import { makeServiceAccount, type ServiceAccount } from './service-account.ts'

const OWN = 'operators'

// Of its own: it is killed, and has no definitions at first. The parts build upon each other.
let server: ApiServer
let account: ServiceAccount
let stores: KubernetesStores
let stop: AbortController

beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  account = await makeServiceAccount(server.kubeconfig, { namespace: OWN, name: 'operator' })
})

afterAll(() => server.stop())

beforeEach(async () => {
  stop = new AbortController()
  stores = await openInPod()
})

afterEach(async () => {
  stop.abort()
  await stores.close()
})

function openInPod(): Promise<KubernetesStores> {
  const { hostname, port } = new URL(server.url)
  return openKubernetes({
    kubeconfig: 'auto',
    namespace: 'auto',
    clock: systemClock,
    random: Math.random,
    logger: { warn: () => undefined },
    environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    serviceAccountFolder: account.folder,
  })
}

function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  return runProgram([inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, ...args], input)
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('a pod of a cluster', () => {
  it('knows its namespace from its service account', () => {
    expect(stores.namespace).toBe(OWN)
  })

  it('is told which role it lacks, and goes on as soon as it has it', async () => {
    await expect(stores.store.list('Device')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: "the service account may not list devices; compare the roles with the chart's RBAC",
    })
    await expect(stores.store.ping()).rejects.toMatchObject({
      message: expect.stringContaining('list runtimes'),
    })
    await kubectl(['create', 'clusterrole', 'all', '--verb=*', '--resource=*.agent.wecode.io'])
    await kubectl([
      'create',
      'clusterrole',
      'all-status',
      '--verb=*',
      '--resource=devices.agent.wecode.io/status',
    ])
    for (const role of ['all', 'all-status']) {
      await kubectl([
        'create',
        'clusterrolebinding',
        role,
        `--clusterrole=${role}`,
        `--serviceaccount=${OWN}:operator`,
      ])
    }
    await until(() =>
      stores.store.list('Device').then(
        () => true,
        ({ message }) => !message.includes('may not'),
      ),
    )
  })

  it('is told to install the definitions, and goes on as soon as they are served', async () => {
    await expect(stores.store.list('Device')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('install the CRDs'),
    })
    const got = stores.store.get('Runtime', { name: 'codex' })
    await expect(got).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const cache = createCache({ store: stores.store, kinds: ['Device'], clock: systemClock })
    const started = cache.start(stop.signal)
    await installDefinitions(server.kubeconfig)
    await started
    expect(cache.isSynced).toBe(true)
  })

  it('goes on with the token that replaced one that is no longer good', async () => {
    await writeFile(join(account.folder, 'token'), 'no longer good')
    const reopened = await openInPod()
    await expect(reopened.store.ping()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('does not know who asks'),
    })
    await writeFile(join(account.folder, 'token'), account.token)
    await expect(reopened.store.ping()).resolves.toBeUndefined()
    await reopened.close()
  })

  it('leaves what others wrote into a status, and says which fields are its own', async () => {
    const device = await stores.store.create('Device', aStoredDevice({ namespace: 'default' }))
    const merge = ['--subresource=status', '--type=merge', '--namespace=default']
    await kubectl(['patch', 'device', 'mac-1', ...merge, '-p', '{"status":{"executorVersion":"by hand"}}'])
    const { status: _, ...rest } = await stores.store.get('Device', device.metadata)
    await stores.store.updateStatus('Device', { ...rest, status: { gateway: 'replica-0' } })
    const shown = await kubectl([
      'get',
      'device',
      'mac-1',
      '--namespace=default',
      '--show-managed-fields',
      '-o',
      'json',
    ])
    const { metadata, status } = asManifest(JSON.parse(shown.stdout))
    expect(status).toEqual({ gateway: 'replica-0', executorVersion: 'by hand' })
    const fields = asManifest(metadata)['managedFields'] as readonly Record<string, unknown>[]
    const managers = fields.map(({ manager, operation, subresource }) => ({
      manager,
      operation,
      subresource,
    }))
    expect(managers).toContainEqual({
      manager: 'runtime-config-operator',
      operation: 'Apply',
      subresource: 'status',
    })
    expect(managers).toContainEqual({
      manager: 'runtime-config-operator',
      operation: 'Update',
      subresource: undefined,
    })
  })

  it('cannot make anything in a namespace that is being deleted', async () => {
    await kubectl(['create', 'namespace', 'leaving'])
    await kubectl(['delete', 'namespace', 'leaving', '--wait=false'])
    const created = stores.store.create('Device', aStoredDevice({ namespace: 'leaving' }))
    await expect(created).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  // Twice the server is away, and each time a watch waits up to half a minute before it tries again.
  it('misses nothing while the API server is killed, and its history thrown away', async () => {
    const cache = createCache({ store: stores.store, kinds: ['Runtime'], clock: systemClock })
    await cache.start(stop.signal)
    await stores.store.create('Runtime', aStoredRuntime({ name: 'first' }))
    await until(() => cache.get('Runtime', { name: 'first' }) !== undefined)
    await server.kill()
    await expect(stores.store.create('Runtime', aStoredRuntime({ name: 'second' }))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('could not create runtimes'),
    })
    await server.restart()
    await until(() =>
      stores.store.create('Runtime', aStoredRuntime({ name: 'third' })).then(
        () => true,
        ({ code }) => code === 'ALREADY_EXISTS',
      ),
    )
    await until(() => cache.get('Runtime', { name: 'third' }) !== undefined)
    const compacted = server.compact()
    await until(() =>
      stores.store.delete('Runtime', { name: 'first' }).then(
        () => true,
        // It was done before the answer was lost.
        ({ code }) => code === 'NOT_FOUND',
      ),
    )
    await compacted
    await until(() => cache.get('Runtime', { name: 'first' }) === undefined)
    expect(cache.isSynced).toBe(true)
  }, 240_000)

  it('counts every request for its metrics, with the words of RBAC', async () => {
    const facts: string[] = []
    const { hostname, port } = new URL(server.url)
    const counted = await openKubernetes({
      kubeconfig: 'auto',
      namespace: 'auto',
      clock: systemClock,
      random: Math.random,
      logger: { warn: () => undefined },
      onRequest: ({ verb, resource, code }) => facts.push(`${verb} ${resource} ${code}`),
      environment: { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
      serviceAccountFolder: account.folder,
    })
    const key = { namespace: 'default', name: 'mac-2' }
    const device = await counted.store.create('Device', aStoredDevice(key))
    await counted.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
    await counted.store.update('Device', aStoredDevice(key, { displayName: 'New' }))
    await counted.store.delete('Device', key)
    await counted.store.list('Device')
    await counted.close()
    expect(facts).toEqual([
      'create devices 201',
      'patch devices/status 200',
      'get devices 200',
      'update devices 200',
      'get devices 200',
      'delete devices 200',
      'list devices 200',
    ])
  })
})
