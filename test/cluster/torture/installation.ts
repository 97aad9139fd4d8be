import { copyFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parse } from 'yaml'

import { GROUP, VERSION } from '#crds/group.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey, type SigningKey } from '#secrets/signing.ts'
import { type ApiServer, startApiServer } from '#test/cluster/api-server.ts'
import type { Assets } from '#test/cluster/assets.ts'
import { makeServiceAccount } from '#test/cluster/service-account.ts'

import { installDefinitions } from './definitions.ts'
import { type Direct, openDirect } from './direct.ts'
import { Replica, type ReplicaSetting } from './replica.ts'

/** A cluster of its own with everything that replicas stand on. */
export interface ClusterInstallation {
  readonly server: ApiServer
  readonly direct: Direct
  readonly setting: ReplicaSetting
  readonly signingKey: SigningKey
  startReplica(name: string): Promise<Replica>
  /** Stops the replicas, too. */
  close(): Promise<void>
}

const NAMESPACE = 'runtime-config'
const ACCOUNT = 'operator'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'
const RULES = new URL('../../../charts/runtime-config-operator/rules/', import.meta.url).pathname
const RUNTIMES = new URL('../../../crds/runtimes/', import.meta.url).pathname

/** Starts an API server and makes what the chart makes: definitions, runtimes, keys, a service account and what it may do. */
export async function startClusterInstallation(assets: Assets): Promise<ClusterInstallation> {
  const server = await startApiServer(assets)
  const direct = await openDirect(server.kubeconfig)
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-replicas-'))
  await installDefinitions(direct)
  await installRuntimes(direct)
  const account = { namespace: NAMESPACE, name: ACCOUNT, expirationSeconds: 7200 }
  const { kubeconfig } = await makeServiceAccount(server.kubeconfig, account)
  const audiences = ['runtime-config-operator/peers']
  const peers = await makeServiceAccount(server.kubeconfig, { ...account, audiences })
  await grant(direct)
  await copyFile(join(peers.folder, 'token'), join(folder, 'peer-token'))
  await openKeyring(join(folder, 'keyring.json'))
  const signingKey = await openSigningKey(join(folder, 'signing-key.pem'))
  const setting = { kubeconfig, namespace: NAMESPACE, folder }
  const replicas: Replica[] = []
  return {
    server,
    direct,
    setting,
    signingKey,
    async startReplica(name) {
      const replica = await Replica.prepare(name, setting)
      replicas.push(replica)
      await replica.start()
      return replica
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.stop()))
      direct.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Lets the service account do what the chart lets it do, and nothing else. */
async function grant(direct: Direct): Promise<void> {
  const rulesOf = async (name: string): Promise<readonly unknown[]> =>
    parse(await readFile(join(RULES, `${name}.yaml`), 'utf8')) as readonly unknown[]
  const cluster = [...(await rulesOf('cluster')), ...(await rulesOf('secret-ref'))]
  await bind(direct, { api: RBAC, prefix: 'Cluster', rules: cluster })
  await bind(direct, {
    api: `${RBAC}/namespaces/${NAMESPACE}`,
    prefix: '',
    rules: await rulesOf('namespace'),
  })
}

interface Grant {
  readonly api: string
  readonly prefix: 'Cluster' | ''
  readonly rules: readonly unknown[]
}

async function bind(direct: Direct, { api, prefix, rules }: Grant): Promise<void> {
  const metadata = { name: ACCOUNT }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: `${prefix}Role`, name: ACCOUNT }
  const subjects = [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }]
  const parts = { roles: { metadata, rules }, rolebindings: { metadata, roleRef, subjects } }
  for (const [plural, body] of Object.entries(parts)) {
    const { status } = await direct.call('POST', `${api}/${prefix.toLowerCase()}${plural}`, body)
    if (status !== 201) throw new Error(`expected 201 from POST ${api}, got ${status}`)
  }
}

async function installRuntimes(direct: Direct): Promise<void> {
  for (const file of await readdir(RUNTIMES)) {
    if (!file.endsWith('.yaml')) continue
    const runtime: unknown = parse(await readFile(join(RUNTIMES, file), 'utf8'))
    const { status } = await direct.call('POST', `/apis/${GROUP}/${VERSION}/runtimes`, runtime)
    if (status !== 201) throw new Error(`expected the runtime of ${file} to be made, got ${status}`)
  }
}
