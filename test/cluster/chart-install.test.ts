import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { parse, stringify } from 'yaml'

import { GROUP } from '#crds/group.ts'
import { KINDS } from '#crds/kinds.ts'
import { parseKeyring } from '#secrets/keyring.ts'
import { parseSigningKey } from '#secrets/signing.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { CHART, helm } from './helm.ts'
import { type Answer, runProgram } from './kubectl.ts'

const PLURALS = Object.values(KINDS).map(({ plural }) => `${plural}.${GROUP}`)
const KEYS = 'rc-runtime-config-operator-keys'

let server: ApiServer
let folder: string
beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-chart-'))
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('installed into an empty cluster, the chart', () => {
  it('brings the kinds and says what to do next', async () => {
    const installed = await onServer(['install', 'rc', await olderChart(), '--create-namespace'])
    expect(installed).toMatchObject({ code: 0, stderr: '' })
    expect(installed.stdout).toContain('1. Wait until it is ready:')
    expect(installed.stdout).toContain('2. Make yourself an administrator')
    expect(installed.stdout).toContain('3. Reach it, and see what is there:')
    expect(installed.stdout).toContain(`kubectl get secret ${KEYS} --namespace ops`)
    await succeed(kubectl(['wait', '--for=condition=Established', ...PLURALS.map((name) => `crd/${name}`)]))
  })

  it('makes keys that the server takes', async () => {
    const keys = await readKeys()
    const keyring = parseKeyring(keys.keyring, 'the Secret')
    expect([...keyring.keys.keys()]).toEqual([keyring.current.kid])
    expect(parseSigningKey(keys.signingKey, 'the Secret').privateKey.asymmetricKeyType).toBe('ed25519')
  })

  it('brings new fields of the kinds with an upgrade, and objects keep what they have', async () => {
    const object = { ...aUser(), spec: { subject: 'alice', namespace: 'user-alice' } }
    await succeed(kubectl(['apply', '-f', '-'], stringify(object)))
    const refused = await kubectl(['apply', '--validate=strict', '-f', '-'], stringify(aUser()))
    expect(refused.stderr).toContain('unknown field "spec.preferences"')
    await succeed(onServer(['upgrade', 'rc', CHART]))
    await succeed(kubectl(['apply', '--validate=strict', '-f', '-'], stringify(aUser())))
    const { stdout } = await kubectl(['get', 'users.agent.wecode.io', 'alice', '--output=json'])
    expect(asManifest(asManifest(JSON.parse(stdout))['spec'])).toMatchObject(asManifest(aUser()['spec']))
  })

  it('never writes the keys again, not even when it is rolled back to what it was before they changed', async () => {
    const changed = { ...(await readKeys()), keyring: '{"changed":"by an administrator"}' }
    await succeed(
      kubectl(['apply', '--server-side', '--force-conflicts', '-f', '-'], stringify(secretOf(changed))),
    )
    await succeed(onServer(['upgrade', 'rc', CHART, '--set=replicaCount=3']))
    expect(await readKeys()).toEqual(changed)
    await succeed(onServer(['rollback', 'rc', '1']))
    expect(await readKeys()).toEqual(changed)
  })

  it('leaves the kinds, the objects and the keys when it is uninstalled', async () => {
    const keys = await readKeys()
    await succeed(onServer(['uninstall', 'rc']))
    expect(await names('crd')).toEqual(PLURALS.toSorted())
    expect(await names('users.agent.wecode.io')).toEqual(['alice'])
    expect(await readKeys()).toEqual(keys)
    expect(await names('deployments,services,serviceaccounts,roles,pdb')).toEqual([])
    expect((await names('clusterroles')).filter((name) => name.includes('runtime-config'))).toEqual([])
  })

  it('takes up where it left when it comes back', async () => {
    const keys = await readKeys()
    await succeed(onServer(['install', 'rc', CHART]))
    expect(await readKeys()).toEqual(keys)
    expect(await names('users.agent.wecode.io')).toEqual(['alice'])
  })

  it('leaves the kinds to the release that brought them, unless it is told to take them over', async () => {
    const refused = await onServer(['install', 'second', CHART])
    expect(refused.stderr).toContain(
      'annotation validation error: key "meta.helm.sh/release-name" must equal "second"',
    )
    await succeed(onServer(['install', 'second', CHART, '--take-ownership', '--set=fullnameOverride=second']))
    await succeed(onServer(['uninstall', 'second']))
    expect(await names('crd')).toEqual(PLURALS.toSorted())
  })

  it('stops an upgrade that would run without the keys', async () => {
    await succeed(kubectl(['delete', 'secret', KEYS]))
    const refused = await onServer(['upgrade', 'rc', CHART])
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toContain(`the Secret ${KEYS} with the keys is missing in the namespace ops`)
    expect(refused.stderr).toContain('restore it from a backup')
  })

  it('makes no keys beside those that it is given', async () => {
    await succeed(onServer(['install', 'third', CHART, '--set=crds.install=false,keys.existingSecret=mine']))
    expect((await names('secrets')).filter((name) => !name.startsWith('sh.helm.release'))).toEqual([
      `second-keys`,
    ])
  })

  it('comes and goes without server-side apply too, as with older Helm', async () => {
    const flags = ['--server-side=false', '--take-ownership', '--set=fullnameOverride=fourth']
    await succeed(onServer(['install', 'fourth', CHART, ...flags]))
    const keys = await kubectl(['get', 'secret', 'fourth-keys', '--output=jsonpath={.data}'])
    await succeed(onServer(['upgrade', 'fourth', CHART, ...flags, '--set=replicaCount=3']))
    const replicas = await kubectl(['get', 'deployment', 'fourth', '--output=jsonpath={.spec.replicas}'])
    expect(replicas.stdout).toBe('3')
    expect((await kubectl(['get', 'secret', 'fourth-keys', '--output=jsonpath={.data}'])).stdout).toBe(
      keys.stdout,
    )
    await succeed(onServer(['uninstall', 'fourth']))
    expect(await names('crd')).toEqual(PLURALS.toSorted())
  })
})

/** The chart as it was one version ago, when a user had no preferences yet. */
async function olderChart(): Promise<string> {
  const older = join(folder, 'older')
  await cp(CHART, older, { recursive: true })
  const path = join(older, 'definitions', 'user.yaml')
  const definition = parse(await readFile(path, 'utf8'))
  delete definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.preferences
  await writeFile(path, stringify(definition))
  return older
}

function aUser(): Manifest {
  const preferences = { runtime_configs: { codex: { use_user_config: true } } }
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'User',
    metadata: { name: 'alice' },
    spec: { subject: 'alice', namespace: 'user-alice', preferences },
  }
}

interface Keys {
  readonly keyring: string
  readonly signingKey: string
}

async function readKeys(): Promise<Keys> {
  const { stdout } = await kubectl(['get', 'secret', KEYS, '--output=json'])
  const data = asManifest(asManifest(JSON.parse(stdout))['data'])
  const textOf = (entry: string) => Buffer.from(String(data[entry]), 'base64').toString()
  return { keyring: textOf('keyring.json'), signingKey: textOf('signing-key.pem') }
}

function secretOf({ keyring, signingKey }: Keys): Manifest {
  const stringData = { 'keyring.json': keyring, 'signing-key.pem': signingKey }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: KEYS }, stringData }
}

function onServer(args: readonly string[]): Promise<Answer> {
  return helm([...args, `--kubeconfig=${server.kubeconfig}`, '--namespace=ops'])
}

function kubectl(args: readonly string[], input = ''): Promise<Answer> {
  const program = [inject('assets').kubectl, `--kubeconfig=${server.kubeconfig}`, '--namespace=ops']
  return runProgram([...program, ...args], input)
}

async function succeed(answer: Promise<Answer>): Promise<void> {
  const { code, stderr } = await answer
  if (code !== 0) throw new Error(stderr)
}

async function names(kind: string): Promise<readonly string[]> {
  const { stdout } = await kubectl(['get', kind, '--output=jsonpath={.items[*].metadata.name}'])
  return stdout.split(' ').filter(Boolean).toSorted()
}
