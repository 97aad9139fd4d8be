import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parse } from 'yaml'

import { GROUP, VERSION } from '#crds/group.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { openSigningKey, type SigningKey } from '#secrets/signing.ts'
import { type ApiServer, startApiServer } from '#test/cluster/api-server.ts'
import type { Assets } from '#test/cluster/assets.ts'

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
const RUNTIMES = new URL('../../../crds/runtimes/', import.meta.url).pathname

/** Starts an API server and makes what the chart makes: definitions, runtimes, keys, a service account and its token. */
export async function startClusterInstallation(assets: Assets): Promise<ClusterInstallation> {
  const server = await startApiServer(assets)
  const direct = await openDirect(server.kubeconfig)
  const folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-replicas-'))
  await installDefinitions(direct)
  await installRuntimes(direct)
  const make = async (path: string, body: object): Promise<Readonly<Record<string, unknown>>> => {
    const answer = await direct.call('POST', path, body)
    if (answer.status !== 201) throw new Error(`expected 201 from POST ${path}, got ${answer.status}`)
    return answer.body
  }
  await make('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  const accounts = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`
  await make(accounts, { metadata: { name: ACCOUNT } })
  const spec = { audiences: ['runtime-config-operator/peers'], expirationSeconds: 7200 }
  const made = await make(`${accounts}/${ACCOUNT}/token`, { spec })
  const { token } = made['status'] as { readonly token: string }
  await writeFile(join(folder, 'peer-token'), token, { mode: 0o600 })
  await openKeyring(join(folder, 'keyring.json'))
  const signingKey = await openSigningKey(join(folder, 'signing-key.pem'))
  const setting = { kubeconfig: server.kubeconfig, namespace: NAMESPACE, folder }
  const replicas: Replica[] = []
  return {
    server,
    direct,
    setting,
    signingKey,
    async startReplica(name) {
      const replica = await Replica.start(name, setting)
      replicas.push(replica)
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

async function installRuntimes(direct: Direct): Promise<void> {
  for (const file of await readdir(RUNTIMES)) {
    if (!file.endsWith('.yaml')) continue
    const runtime: unknown = parse(await readFile(join(RUNTIMES, file), 'utf8'))
    const { status } = await direct.call('POST', `/apis/${GROUP}/${VERSION}/runtimes`, runtime)
    if (status !== 201) throw new Error(`expected the runtime of ${file} to be made, got ${status}`)
  }
}
