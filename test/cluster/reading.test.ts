import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { stringify } from 'yaml'

import { API_VERSION } from '#crds/group.ts'
import { eventually, type Installation, type TestDevice } from '#test/support/installation.ts'
import { asManifest, HASH, type Manifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { startClusterInstallation } from './cluster-installation.ts'
import { type Answer, installDefinitions, runProgram } from './kubectl.ts'

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples')
const RUNTIME = { displayName: 'G', auth: { format: 'json', targetPath: '~/.g/login.json', validation: {} } }

let server: ApiServer
beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  await installDefinitions(server.kubeconfig)
})
afterAll(() => server.stop())

describe('kubectl explain', () => {
  it('says what a login is and how it reaches the devices', async () => {
    expect(await explain('urc.spec.auth')).toBe(EXPLAINED)
  })

  it.each(['users.agent.wecode.io.spec', 'urc.spec', 'upc.spec', 'dev.spec', 'mrc.spec', 'rt.spec'])(
    'has words for every field of %s',
    async (path) => {
      expect(await explain(path)).not.toContain('<no description>')
    },
  )

  /** What the server describes shows some moments after it serves the kinds. */
  function explain(path: string): Promise<string> {
    return eventually(`the description of ${path}`, async () => {
      const { stdout, code } = await kubectl(['explain', path])
      return code === 0 ? trimmed(stdout) : undefined
    })
  }
})

describe('a bad manifest is refused by the server, which says what to do:', () => {
  it.each<[string, Manifest, string]>([
    [
      'an object that is named otherwise than its runtime',
      { kind: 'UserRuntimeConfig', name: 'claude', spec: { runtime: 'codex' } },
      'The UserRuntimeConfig "claude" is invalid: spec.runtime: Invalid value: metadata.name must equal spec.runtime: there is one object per runtime, so rename the object or change spec.runtime',
    ],
    [
      'a login from two places',
      anAuth({
        secretRef: { name: 'a', key: 'b' },
        encryptedValue: 'x',
        sha256: HASH,
        updatedAt: '2026-11-21T10:00:00Z',
      }),
      'The UserRuntimeConfig "codex" is invalid: spec.auth: Invalid value: set either secretRef or encryptedValue, not both',
    ],
    [
      'half of a sealed login',
      anAuth({ encryptedValue: 'x' }),
      'The UserRuntimeConfig "codex" is invalid: spec.auth: Invalid value: encryptedValue and sha256 belong together; upload the document through the API, which sets both',
    ],
    [
      'a file outside of the home directory',
      anAuth({ targetPath: '/etc/passwd' }),
      'The UserRuntimeConfig "codex" is invalid: spec.auth.targetPath: Invalid value: "/etc/passwd": must start with ~/ because files are only written inside the home directory',
    ],
    [
      'a policy that there is not',
      anAuth({ updatePolicy: 'Always' }),
      'spec.auth.updatePolicy: Unsupported value: "Always": supported values: "IfMissing", "IfStale"',
    ],
    [
      'a misspelt field',
      { kind: 'UserRuntimeConfig', name: 'codex', spec: { runtime: 'codex', suspended: true } },
      'strict decoding error: unknown field "spec.suspended"',
    ],
    [
      'a second proxy',
      { kind: 'UserProxyConfig', name: 'mine', spec: {} },
      'The UserProxyConfig "mine" is invalid: metadata.name: Invalid value: metadata.name must be default: a user has one proxy',
    ],
    [
      "a user in the cluster's own namespace",
      { kind: 'User', name: 'bob', spec: { subject: 'bob', namespace: 'kube-system' } },
      `The User "bob" is invalid: spec.namespace: Invalid value: "kube-system": must be a namespace of the user's own, not one of the cluster; create one for the user`,
    ],
    [
      'a user that nobody can sign in as',
      { kind: 'User', name: 'bob', spec: { namespace: 'user-bob' } },
      'spec.subject: Required value',
    ],
    [
      'a managed configuration that manages nothing',
      { kind: 'ManagedRuntimeConfig', name: 'm', spec: { runtime: 'codex' } },
      'The ManagedRuntimeConfig "m" is invalid: spec: Invalid value: set config, requirements or both; without them this object does nothing',
    ],
    [
      'a selector that selects nothing',
      {
        kind: 'ManagedRuntimeConfig',
        name: 'm',
        spec: {
          runtime: 'codex',
          config: 'a = 1',
          selector: { matchExpressions: [{ key: 'team', operator: 'In' }] },
        },
      },
      'The ManagedRuntimeConfig "m" is invalid: spec.selector.matchExpressions[0]: Invalid value: give values with In and NotIn, and none with Exists and DoesNotExist',
    ],
    [
      'a runtime whose name is no word of a path',
      { kind: 'Runtime', name: 'gemini.cli', spec: RUNTIME },
      'The Runtime "gemini.cli" is invalid: metadata.name: Invalid value: metadata.name must be lower-case letters, digits and dashes, because it names preferences and routes; rename the runtime',
    ],
    [
      'a way out of the home directory',
      {
        kind: 'Runtime',
        name: 'gemini',
        spec: { ...RUNTIME, auth: { ...RUNTIME.auth, targetPath: '~/../x' } },
      },
      'The Runtime "gemini" is invalid: spec.auth.targetPath: Invalid value: "~/../x": must not contain the segments . or ..; write the path without them',
    ],
    [
      'a device that is named after another',
      { kind: 'Device', name: 'laptop', spec: { deviceId: 'desk', displayName: 'x', deviceType: 'local' } },
      'The Device "laptop" is invalid: spec.deviceId: Invalid value: metadata.name must equal spec.deviceId or, for an id that is not a valid name, be dev- and the first 32 hex digits of its SHA-256',
    ],
  ])('%s', async (_what, { kind, name, spec }, sentence) => {
    const manifest = { apiVersion: API_VERSION, kind, metadata: { name }, spec }
    const { stderr, code } = await kubectl(['create', '--validate=strict', '-f', '-'], stringify(manifest))
    expect(stderr).toContain(sentence)
    expect(code).not.toBe(0)
  })

  it.each<[string, Manifest, string]>([
    [
      'a user that moves',
      { object: 'users.agent.wecode.io/moving', spec: { namespace: 'user-elsewhere' } },
      'spec.namespace cannot be changed; create another User for the other namespace',
    ],
    [
      'a runtime of another name',
      { object: 'mrc/moving', spec: { runtime: 'claude' } },
      'spec.runtime cannot be changed; create another object for the other runtime',
    ],
  ])('%s', async (_what, { object, spec }, sentence) => {
    const user = { kind: 'User', spec: { subject: 'moving', namespace: 'user-moving' } }
    const managed = { kind: 'ManagedRuntimeConfig', spec: { runtime: 'codex', config: 'a = 1' } }
    for (const rest of [user, managed]) {
      await kubectl(
        ['apply', '-f', '-'],
        stringify({ apiVersion: API_VERSION, metadata: { name: 'moving' }, ...rest }),
      )
    }
    const { stderr } = await kubectl([
      'patch',
      String(object),
      '--type=merge',
      '--patch',
      JSON.stringify({ spec }),
    ])
    expect(stderr).toContain(sentence)
    await kubectl(['delete', 'users.agent.wecode.io/moving', 'mrc/moving'])
  })
})

describe('what the operator says, read with kubectl', () => {
  let installation: Installation
  let laptop: TestDevice

  beforeAll(async () => {
    const { kubeconfig } = await makeChartAccount({
      kubeconfig: server.kubeconfig,
      namespace: 'runtimeconfig',
    })
    installation = await startClusterInstallation({ kubeconfig, namespace: 'runtimeconfig' })
    await applyExample('user.yaml')
    await succeed(kubectl(['wait', '--for=condition=Ready', 'users.agent.wecode.io/alice', '--timeout=30s']))
    await applyExample('secret-config.yaml')
    laptop = await installation.addDevice('alice', 'laptop')
    await laptop.start(['--name', 'Laptop'])
    await succeed(
      kubectl(['wait', '--for=condition=Synced', 'urc/codex', '-n', 'user-alice', '--timeout=30s']),
    )
    await eventually('the counts', async () => / 1 +1 +0 +0 /.test(await get('urc', '-A')))
  })
  afterAll(() => installation.close())

  it('shows users, configurations and devices in one line each', async () => {
    expect(await get('users.agent.wecode.io')).toBe(`
NAME    SUBJECT   NAMESPACE    ROLE   SUSPENDED   READY   AGE
alice   alice     user-alice                      True    <age>`)
    expect(await get('urc', '-A')).toBe(`
NAMESPACE    NAME    STORED   READY   ONLINE   IN-SYNC   MISSING   FAILED   AGE
user-alice   codex            True    1        1         0         0        <age>`)
    // How wide a column is depends on the times in it.
    expect((await get('dev', '-n', 'user-alice')).replaceAll(/ {2,}/g, '   ')).toBe(`
NAME   DEVICE   NAME   ONLINE   RUNTIMES   STATES   SEEN   AGE
laptop   laptop   Laptop   True   codex   InSync   <age>   <age>`)
  })

  it('waits for what is so, and not for what was so before', async () => {
    for (const name of ['urc/codex', 'users.agent.wecode.io/alice']) {
      await succeed(kubectl(['wait', '--for=condition=Ready', name, '-n', 'user-alice', '--timeout=30s']))
    }
    const patch = JSON.stringify({ spec: { auth: { secretRef: { key: 'other' } } } })
    await succeed(kubectl(['patch', 'urc/codex', '-n', 'user-alice', '--type=merge', '--patch', patch]))
    await succeed(
      kubectl(['wait', '--for=condition=Ready=false', 'urc/codex', '-n', 'user-alice', '--timeout=30s']),
    )
    expect(await kstatus('urc/codex')).toMatchObject({
      isCurrent: true,
      ready: 'False',
      reason: 'SecretKeyMissing',
    })
    const back = JSON.stringify({ spec: { auth: { secretRef: { key: 'auth.json' } } } })
    await succeed(kubectl(['patch', 'urc/codex', '-n', 'user-alice', '--type=merge', '--patch', back]))
    await succeed(
      kubectl(['wait', '--for=condition=Ready', 'urc/codex', '-n', 'user-alice', '--timeout=30s']),
    )
    expect(await kstatus('urc/codex')).toMatchObject({ isCurrent: true, ready: 'True' })
  })

  it('describes a configuration in words, without what is in it', async () => {
    const { stdout } = await kubectl(['describe', 'urc/codex', '-n', 'user-alice'])
    for (const words of ['Conditions:', 'Reason:', 'Message:', 'Observed Generation:', 'Secret Ref:']) {
      expect(stdout).toContain(words)
    }
    expect(stdout).not.toContain('refresh_token')
  })

  it('describes a device with the state of each runtime', async () => {
    const { stdout } = await kubectl(['describe', 'dev/laptop', '-n', 'user-alice'])
    for (const words of ['State:', 'InSync', 'Last Heartbeat Time:', 'Gateway:', 'Type:']) {
      expect(stdout).toContain(words)
    }
  })

  it('follows the rules of kstatus for every kind that it reports on', async () => {
    await applyExample('managed-config.yaml')
    await succeed(kubectl(['wait', '--for=condition=Ready', 'mrc/platform', '--timeout=30s']))
    for (const name of ['urc/codex', 'users.agent.wecode.io/alice', 'mrc/platform']) {
      expect(await kstatus(name)).toEqual({
        name,
        isCurrent: true,
        ready: 'True',
        reason: expect.any(String),
      })
    }
    expect(await kstatus('dev/laptop')).toMatchObject({ isCurrent: true })
  })

  it('shows what happened to the device and the configuration as events', async () => {
    const reasons = await eventually('an event', async () => {
      const { stdout } = await kubectl(['get', 'events', '-n', 'user-alice', '--output=json'])
      const { items } = JSON.parse(stdout) as { readonly items: readonly { readonly reason: string }[] }
      return items.length > 0 ? items.map(({ reason }) => reason) : undefined
    })
    expect(reasons).toContain('Delivered')
  })

  /** A table of kubectl as people read it, on a line of its own; only what depends on the time is blotted out. */
  async function get(...args: readonly string[]): Promise<string> {
    const { stdout } = await kubectl(['get', ...args])
    return `\n${trimmed(stdout).replaceAll(/\b\d+(?:m\d+)?s\b/g, '<age>')}`
  }

  interface Kstatus {
    readonly name: string
    /** The status is about the newest spec, and nothing says that it is being worked on or stuck. */
    readonly isCurrent: boolean
    readonly ready: unknown
    readonly reason: unknown
  }

  async function kstatus(name: string): Promise<Kstatus> {
    const { stdout } = await kubectl(['get', name, '-n', 'user-alice', '--output=json'])
    const { metadata, status } = JSON.parse(stdout) as {
      readonly metadata: Manifest
      readonly status: Manifest
    }
    const conditions = (status['conditions'] as readonly Manifest[]).map((condition) => asManifest(condition))
    const ready = conditions.find(({ type }) => type === 'Ready')
    const isNew = [status, ...conditions].every(
      ({ observedGeneration }) =>
        observedGeneration === undefined || observedGeneration === metadata['generation'],
    )
    const isBusy = conditions.some(
      ({ type, status }) => (type === 'Reconciling' || type === 'Stalled') && status === 'True',
    )
    return { name, isCurrent: isNew && !isBusy, ready: ready?.['status'], reason: ready?.['reason'] }
  }

  async function applyExample(name: string): Promise<void> {
    await succeed(
      kubectl(['apply', '--validate=strict', '-f', '-'], await readFile(join(EXAMPLES, name), 'utf8')),
    )
  }
})

function anAuth(auth: Manifest): Manifest {
  return {
    kind: 'UserRuntimeConfig',
    name: 'codex',
    spec: { runtime: 'codex', auth: { format: 'json', targetPath: '~/.codex/auth.json', ...auth } },
  }
}

function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  return runProgram([inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, ...args], input)
}

async function succeed(answer: Promise<Answer>): Promise<void> {
  const { code, stderr } = await answer
  if (code !== 0) throw new Error(stderr)
}

function trimmed(text: string): string {
  return text.replaceAll(/[ \t]+$/gm, '').trim()
}

const EXPLAINED = `GROUP:      agent.wecode.io
KIND:       UserRuntimeConfig
VERSION:    v1

FIELD: auth <Object>


DESCRIPTION:
    The auth document and how it reaches the devices. Policies may be set before
    a document is stored, and stay when it is deleted.

FIELDS:
  encryptedValue	<string>
    The auth document, sealed by this product and bound to this object and
    field. It opens nowhere else; upload a document through the API instead of
    writing this field.

  format	<string> -required-
  enum: json
    Format of the auth document. Only JSON objects are delivered.

  removalPolicy	<string>
  enum: Retain, RemoveManaged
    What happens on the devices when the configuration is switched off or the
    document is deleted. \`Retain\`, also when absent: files stay.
    \`RemoveManaged\`: files that are exactly what was delivered are removed.

  secretRef	<Object>
    Takes the auth document from a Secret in the same namespace instead of
    encryptedValue. Only in a cluster, and only read. A change of the Secret is
    noticed within ten minutes, and at once when it has the label
    \`agent.wecode.io/runtime-config: "true"\`.

  sha256	<string>
    Lower-case hex SHA-256 of the auth document's normal form.

  targetPath	<string> -required-
    Where the file belongs on a device, starting with \`~/\`, the home directory.

  updatePolicy	<string>
  enum: IfMissing, IfStale
    What happens to a file that a device has already. \`IfMissing\`, also when
    absent: it is never touched. \`IfStale\`: it is replaced when it is exactly
    what was delivered before and the stored document is newer.

  updatedAt	<string>
    When the auth document was stored, ISO 8601 in UTC. Devices take no document
    older than the one they got. With secretRef it may be set, to refer to a
    Secret that was changed before that.`
