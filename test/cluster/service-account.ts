import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { systemClock } from '#cli/system-clock.ts'
import { isAppError } from '#core/errors.ts'
import type { KubeClient } from '#store/kubernetes/client.ts'
import { HttpKubeClient } from '#store/kubernetes/kube-client.ts'
import { connectByKubeconfig } from '#store/kubernetes/kubeconfig.ts'
import { asManifest } from '#test/support/manifests.ts'

export interface ServiceAccountOptions {
  /** Made when it is missing. */
  readonly namespace: string
  /** Made when it is missing. */
  readonly name: string
  /** Absent: the API server itself. */
  readonly audiences?: readonly string[]
  /** At least 600, which is the API server's own bound; absent: an hour. */
  readonly expirationSeconds?: number
}

/** A service account as a process uses it. */
export interface ServiceAccount {
  readonly token: string
  /** Logs in with the token; names the account's namespace. */
  readonly kubeconfig: string
  /** `token`, `ca.crt` and `namespace`, as a pod finds them. */
  readonly folder: string
}

/**
 * Makes a service account and asks for a token of it, as the kubelet does. It may do nothing until a role is bound to it.
 *
 * @param kubeconfig of an administrator, as `startApiServer` writes it; what is made lies beside it and goes with it
 */
export async function makeServiceAccount(
  kubeconfig: string,
  { namespace, name, audiences, expirationSeconds = 3600 }: ServiceAccountOptions,
): Promise<ServiceAccount> {
  const connection = await connectByKubeconfig([kubeconfig], systemClock)
  const client = new HttpKubeClient({ connection, clock: systemClock, random: Math.random })
  try {
    await ensure(client, '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
    await ensure(client, accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
    const review = await client.request({
      method: 'POST',
      path: `${accounts}/${name}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds, ...(audiences && { audiences }) },
      },
    })
    const { token } = asManifest(asManifest(review)['status'])
    if (typeof token !== 'string') throw new Error('the API server gave no token')
    return { token, ...(await writeFiles(kubeconfig, { namespace, name, token })) }
  } finally {
    client.close()
  }
}

async function ensure(client: KubeClient, path: string, body: object): Promise<void> {
  try {
    await client.request({ method: 'POST', path, body })
  } catch (error) {
    if (!isAppError(error, 'ALREADY_EXISTS')) throw error
  }
}

interface Issued {
  readonly namespace: string
  readonly name: string
  readonly token: string
}

async function writeFiles(
  kubeconfig: string,
  { namespace, name, token }: Issued,
): Promise<Pick<ServiceAccount, 'kubeconfig' | 'folder'>> {
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as {
    readonly clusters: readonly { readonly cluster: { readonly 'certificate-authority': string } }[]
  }
  const ca = await readFile(config.clusters[0]?.cluster['certificate-authority'] ?? '')
  const accounts = join(dirname(kubeconfig), 'accounts')
  await mkdir(accounts, { recursive: true })
  const folder = await mkdtemp(join(accounts, `${name}-`))
  await writeFile(join(folder, 'token'), token, { mode: 0o600 })
  await writeFile(join(folder, 'ca.crt'), ca)
  await writeFile(join(folder, 'namespace'), namespace)
  const path = join(folder, 'kubeconfig')
  const own = {
    ...config,
    users: [{ name, user: { tokenFile: join(folder, 'token') } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name, namespace } }],
  }
  await writeFile(path, JSON.stringify(own), { mode: 0o600 })
  return { kubeconfig: path, folder }
}
