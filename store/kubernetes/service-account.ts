import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

import { type Connection, createConnection } from './connection.ts'

/** Where a pod finds what it is. */
export interface PodSurroundings {
  readonly environment: NodeJS.ProcessEnv
  /** The folder with `token`, `ca.crt` and `namespace`. */
  readonly folder: string
}

/** Where Kubernetes mounts the service account of every pod. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Tells whether this process runs in a pod that has a service account. */
export async function isInCluster({ environment, folder }: PodSurroundings): Promise<boolean> {
  if (!environment['KUBERNETES_SERVICE_HOST'] || !environment['KUBERNETES_SERVICE_PORT']) return false
  return access(join(folder, 'token')).then(
    () => true,
    () => false,
  )
}

/**
 * Connects as the pod's service account. Three files and two variables: the client library would do no more, and cost every
 * replica 90 MB.
 *
 * @throws AppError `SETTING_INVALID` outside of a pod
 */
export async function connectInCluster(
  { environment, folder }: PodSurroundings,
  clock: Clock,
): Promise<Connection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  if (!host || !port) throw new AppError('SETTING_INVALID', 'this is not a pod of a cluster')
  const namespace = await readText(join(folder, 'namespace')).catch(() => undefined)
  return createConnection({
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace,
    clock,
    load: async () => ({
      tls: { ca: await readText(join(folder, 'ca.crt')) },
      headers: { authorization: `Bearer ${await readText(join(folder, 'token'))}` },
    }),
  })
}

async function readText(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim()
}
