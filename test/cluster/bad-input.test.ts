import { readFile } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { stringify } from 'yaml'

import { API_VERSION } from '#crds/group.ts'
import { eventually, type Installation, type TestDevice } from '#test/support/installation.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { startClusterInstallation } from './cluster-installation.ts'
import { type Answer, installDefinitions, runProgram } from './kubectl.ts'

const MARK = { 'agent.wecode.io/runtime-config': 'true' }
const LOGIN = { tokens: { refresh_token: 'first' } }

interface Ready {
  readonly status: string
  readonly reason: string
  readonly message: string
}

let server: ApiServer
let installation: Installation

async function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  return runProgram([inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, ...args], input)
}

async function run(args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await kubectl(args, input)
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** Applies objects with the real kubectl, as a person or a pipeline does. */
async function apply(...objects: readonly object[]): Promise<void> {
  await run(
    ['apply', '--validate=strict', '-f', '-'],
    objects.map((object) => stringify(object)).join('---\n'),
  )
}

function aUser(name: string, namespace = `user-${name}`): object {
  const preferences = { runtime_configs: { codex: { use_user_config: true } } }
  return {
    apiVersion: API_VERSION,
    kind: 'User',
    metadata: { name },
    spec: { subject: name, namespace, preferences },
  }
}

function aConfig(namespace: string, auth: object, runtime = 'codex'): object {
  return {
    apiVersion: API_VERSION,
    kind: 'UserRuntimeConfig',
    metadata: { name: runtime, namespace },
    spec: { runtime, auth: { format: 'json', targetPath: `~/.${runtime}/auth.json`, ...auth } },
  }
}

function aSecret(
  namespace: string,
  data: Readonly<Record<string, string | Buffer>>,
  labels: object = MARK,
): object {
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace, labels },
    data: Object.fromEntries(entries),
  }
}

function aRuntime(name: string, validation: object): object {
  return {
    apiVersion: API_VERSION,
    kind: 'Runtime',
    metadata: { name },
    spec: {
      displayName: name,
      auth: { targetPath: `~/.${name}/auth.json`, format: 'json', validation },
      config: { path: `~/.${name}/config.toml`, format: 'toml' },
    },
  }
}

const REF = { secretRef: { name: 'login', key: 'auth.json' } }

async function readyOf(name: string, namespace?: string): Promise<Ready | undefined> {
  const where = namespace === undefined ? [] : [`--namespace=${namespace}`]
  const object = JSON.parse(await run(['get', name, ...where, '--output=json'])) as {
    readonly metadata: { readonly generation?: number }
    readonly status?: {
      readonly observedGeneration?: number
      readonly conditions?: readonly (Ready & { readonly type: string })[]
    }
  }
  const condition = object.status?.conditions?.find(({ type }) => type === 'Ready')
  return object.status?.observedGeneration === object.metadata.generation ? condition : undefined
}

/** Waits until an object says this of itself, and gives the sentence. */
async function untilReady(reason: string, name: string, namespace?: string): Promise<string> {
  let last: Ready | undefined
  try {
    return await eventually(`${name} to be ${reason}`, async () => {
      last = await readyOf(name, namespace)
      return last?.reason === reason ? `${last.status}: ${last.message}` : undefined
    })
  } catch (error) {
    throw new Error(`the last was ${JSON.stringify(last)}`, { cause: error })
  }
}

/** Requests to the API server so far, by `verb resource`. */
async function requests(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${installation.address()}/metrics`)).text()
  const counts = new Map<string, number>()
  const lines = text.matchAll(
    /^runtimeconfig_kubernetes_requests_total\{verb="(\w+)",resource="([\w/]+)",code="\d+"\} (\d+)/gm,
  )
  for (const [, verb, resource, count] of lines) {
    const name = `${verb} ${resource}`
    counts.set(name, (counts.get(name) ?? 0) + Number(count))
  }
  return counts
}

beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  await installDefinitions(server.kubeconfig)
  const namespace = 'runtimeconfig'
  const account = await makeChartAccount({ kubeconfig: server.kubeconfig, namespace })
  installation = await startClusterInstallation({ kubeconfig: account.kubeconfig, namespace })
  for (const name of ['user-ada', 'user-eve', 'stray']) await run(['create', 'namespace', name])
  await apply(aUser('ada'), aUser('eve'))
})

afterAll(async () => {
  await installation.close()
  await server.stop()
})

/** Lets a user store a login, and gives what the server stored. */
async function uploaded(user: string): Promise<{ readonly encryptedValue: string; readonly sha256: string }> {
  const client = await installation.client(user)
  const path = '/users/me/runtime-configs/codex/auth-json'
  await client.call({ method: 'POST', path, body: { auth_json: JSON.stringify(LOGIN) } })
  const auth = await run(['get', 'urc/codex', `--namespace=user-${user}`, '--output=jsonpath={.spec.auth}'])
  return JSON.parse(auth) as { readonly encryptedValue: string; readonly sha256: string }
}

describe('a ciphertext of another place', () => {
  it('does not open, and is mended by storing the login again', async () => {
    const { encryptedValue, sha256 } = await uploaded('ada')
    await apply(aConfig('user-eve', { encryptedValue, sha256 }))
    expect(await untilReady('DecryptFailed', 'urc/codex', 'user-eve')).toBe(
      'False: The stored auth document does not open; nothing is sent to any device. UserRuntimeConfig "user-eve/codex" spec.auth.encryptedValue of user "eve" does not open: it was sealed for another place or in another form; store the value again here instead of copying it.',
    )
    await uploaded('eve')
    expect(await untilReady('Stored', 'urc/codex', 'user-eve')).toBe(
      'True: The auth document is stored and opens.',
    )
    await run(['delete', 'urc/codex', '--namespace=user-eve'])
    await run(['delete', 'urc/codex', '--namespace=user-ada'])
  })

  it('is no proxy either', async () => {
    const client = await installation.client('ada')
    await client.call({
      method: 'PUT',
      path: '/users/me/proxy-config',
      body: { proxy_url: 'http://proxy:3128' },
    })
    const proxy = JSON.parse(
      await run(['get', 'upc/default', '--namespace=user-ada', '--output=jsonpath={.spec.proxy}']),
    ) as object
    const copy = {
      apiVersion: API_VERSION,
      kind: 'UserProxyConfig',
      metadata: { name: 'default', namespace: 'user-eve' },
      spec: { proxy },
    }
    await apply(copy)
    expect(await untilReady('DecryptFailed', 'upc/default', 'user-eve')).toMatch(
      /^False: The saved proxy does not open; it is not used\. .* sealed for another place /,
    )
    await apply({ ...copy, spec: {} })
    expect(await untilReady('NothingStored', 'upc/default', 'user-eve')).toBe('True: No proxy is saved.')
  })
})

describe('a runtime that nobody registered', () => {
  it('is named, and is mended by registering it', async () => {
    await apply(aConfig('user-ada', {}, 'newcli'))
    expect(await untilReady('RuntimeUnknown', 'urc/newcli', 'user-ada')).toBe(
      'False: No Runtime newcli is registered. Apply one with this name, or correct spec.runtime (and metadata.name).',
    )
    const managed = {
      apiVersion: API_VERSION,
      kind: 'ManagedRuntimeConfig',
      metadata: { name: 'newcli' },
      spec: { runtime: 'newcli', config: 'a = 1' },
    }
    await apply(managed)
    expect(await untilReady('RuntimeUnknown', 'mrc/newcli')).toBe(
      'False: No Runtime newcli is registered. Apply one with this name.',
    )
    await apply(aRuntime('newcli', { maxBytes: 1000 }))
    expect(await untilReady('NothingStored', 'urc/newcli', 'user-ada')).toMatch(/^True: /)
    expect(await untilReady('Parsed', 'mrc/newcli')).toMatch(/^True: /)
  })
})

describe('a namespace of nobody', () => {
  it('is named, and is mended by making its user', async () => {
    await apply(aConfig('stray', REF), {
      apiVersion: API_VERSION,
      kind: 'UserProxyConfig',
      metadata: { name: 'default', namespace: 'stray' },
      spec: {},
    })
    const message =
      'False: No accepted User has spec.namespace: stray. Create one, or move this object to the namespace of its user.'
    expect(await untilReady('NamespaceUnclaimed', 'urc/codex', 'stray')).toBe(message)
    expect(await untilReady('NamespaceUnclaimed', 'upc/default', 'stray')).toBe(message)
    await apply(aUser('stray', 'stray'))
    expect(await untilReady('NothingStored', 'upc/default', 'stray')).toMatch(/^True: /)
    expect(await untilReady('SecretMissing', 'urc/codex', 'stray')).toMatch(/^False: /)
    await apply(aSecret('stray', { 'auth.json': '{}' }))
    expect(await untilReady('Stored', 'urc/codex', 'stray')).toMatch(/^True: /)
  })
})

describe('a Secret', () => {
  let device: TestDevice

  beforeAll(async () => {
    device = await installation.addDevice('ada', 'laptop')
    await device.start()
  })

  function fileWith(text: string): Promise<string> {
    return eventually(`the file to hold ${text}`, async () => {
      const file = await readFile(device.path('~/.codex/auth.json'), 'utf8').catch(() => '')
      return file.includes(text) ? file : undefined
    })
  }

  /** What the device is said to be, by whoever asks why. */
  async function explained(): Promise<Readonly<Record<string, unknown>>> {
    const client = await installation.client('ada')
    const { runtimes } = (await client.call({ path: '/users/me/devices/laptop' })) as {
      readonly runtimes: readonly Readonly<Record<string, unknown>>[]
    }
    return runtimes.find(({ runtime }) => runtime === 'codex') ?? {}
  }

  it('that is missing is named, is asked for by nobody again and again, and is found when it is made', async () => {
    await apply(aConfig('user-ada', { ...REF, updatePolicy: 'IfStale' }))
    expect(await untilReady('SecretMissing', 'urc/codex', 'user-ada')).toBe(
      'False: There is no Secret login in the namespace user-ada. Create it, or correct spec.auth.secretRef.name.',
    )
    const told = await eventually('the device to report', async () => {
      const now = await explained()
      return now['reason'] === 'SecretMissing' ? now : undefined
    })
    expect(told).toMatchObject({
      state: 'Missing',
      message:
        'There is no Secret login in the namespace user-ada. Create it, or correct spec.auth.secretRef.name.',
      unblock: 'Create the Secret, or correct spec.auth.secretRef.name.',
    })
    await apply(aSecret('user-ada', { other: '{}' }))
    expect(await untilReady('SecretKeyMissing', 'urc/codex', 'user-ada')).toBe(
      'False: The Secret login has no key auth.json. Add it, or correct spec.auth.secretRef.key.',
    )
    await apply(aSecret('user-ada', { 'auth.json': JSON.stringify(LOGIN) }))
    expect(await untilReady('Stored', 'urc/codex', 'user-ada')).toBe(
      'True: The auth document is in the Secret login, under the key auth.json.',
    )
    expect(JSON.parse(await fileWith('first'))).toEqual(LOGIN)
  })

  it('that changes brings the new login to the device', async () => {
    await apply(aSecret('user-ada', { 'auth.json': '{"tokens":{"refresh_token":"second"}}' }))
    expect(JSON.parse(await fileWith('second'))).toEqual({ tokens: { refresh_token: 'second' } })
  })

  it('that changes without being marked brings it when somebody asks for a sync', async () => {
    await apply(aSecret('user-ada', { 'auth.json': '{"tokens":{"refresh_token":"third"}}' }, {}))
    const client = await installation.client('ada')
    await client.call({ method: 'POST', path: '/users/me/runtime-configs/codex/sync', body: {} })
    expect(JSON.parse(await fileWith('third'))).toEqual({ tokens: { refresh_token: 'third' } })
  })

  it.each([
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
    ['no JSON', 'hunter2'],
    ['no object', '["hunter2"]'],
    ['more than its runtime allows', JSON.stringify({ a: 'hunter2'.repeat(1000) })],
    ['what does not fit the schema of its runtime', '{"tokens":"hunter2"}'],
  ])('that holds %s is not sent, nor shown, and is mended by changing it', async (_what, content) => {
    await apply(
      aRuntime('strict', { maxBytes: 1000, schema: { properties: { tokens: { type: 'object' } } } }),
      aSecret('user-eve', { 'auth.json': content }),
      aConfig('user-eve', REF, 'strict'),
    )
    const message = await untilReady('SecretMalformed', 'urc/strict', 'user-eve')
    expect(message).toMatch(
      /^False: The key auth\.json of the Secret login holds no usable auth document; nothing is sent to any device\. .*\.$/,
    )
    expect(message).not.toContain('hunter2')
    await apply(aSecret('user-eve', { 'auth.json': '{"tokens":{}}' }))
    expect(await untilReady('Stored', 'urc/strict', 'user-eve')).toMatch(/^True: /)
  })
})

describe('the API server itself refuses', () => {
  it.each([
    [
      'a reference beside a value',
      { ...REF, encryptedValue: 'x', sha256: 'a'.repeat(64) },
      'set either secretRef or encryptedValue, not both; to take the document from a Secret set encryptedValue and sha256 to null, to keep the one that was uploaded remove secretRef',
    ],
    [
      'a digest beside a reference',
      { ...REF, sha256: 'a'.repeat(64) },
      'encryptedValue and sha256 belong together; upload the document through the API, which sets both, and leave both out with secretRef',
    ],
    [
      'a name that no Secret can have',
      { secretRef: { name: 'My Login', key: 'auth.json' } },
      'must be the name of a Secret (lower-case letters, digits, - and .); kubectl get secrets lists them',
    ],
    [
      'a key that no Secret can have',
      { secretRef: { name: 'login', key: 'a/b' } },
      'must be a key of the Secret (letters, digits, -, _ and .); kubectl describe secret lists them',
    ],
    [
      'a reference without a key',
      { secretRef: { name: 'login' } },
      'spec.auth.secretRef.key: Required value',
    ],
  ])('%s, and says what to do', async (_what, auth, sentence) => {
    const refused = await kubectl(['apply', '-f', '-'], stringify(aConfig('user-eve', auth)))
    expect([refused.code === 0, refused.stderr]).toEqual([false, expect.stringContaining(sentence)])
  })
})

describe('what all of that cost', () => {
  it('is a few requests a change, and none is repeated without end', async () => {
    const counts = await requests()
    const changes = 60
    for (const name of ['get secrets', 'patch userruntimeconfigs/status', 'patch userproxyconfigs/status'])
      expect([name, counts.get(name) ?? 0]).toEqual([
        name,
        expect.toSatisfy((count: number) => count < 2 * changes),
      ])
    // Statuses are settled, Secrets are marked: what is asked for from now on is what Leases and watches take.
    const before = await quietly()
    const after = await quietly()
    // But for the look that every referenced Secret gets once in ten minutes.
    const looks = (after.get('get secrets') ?? 0) - (before.get('get secrets') ?? 0)
    expect(looks).toBeLessThanOrEqual(3)
    expect(after).toEqual(new Map(before).set('get secrets', after.get('get secrets') ?? 0))
  })

  /** Requests so far but for Leases and watches, after Leases were renewed three times. */
  async function quietly(): Promise<ReadonlyMap<string, number>> {
    const leases = (await requests()).get('update leases') ?? 0
    await eventually('a Lease to be renewed three times', async () => {
      return ((await requests()).get('update leases') ?? 0) >= leases + 3
    })
    const counts = await requests()
    return new Map([...counts].filter(([name]) => !name.endsWith(' leases') && !name.startsWith('watch ')))
  }
})
