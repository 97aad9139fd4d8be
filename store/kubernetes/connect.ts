import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

import type { Connection } from './connection.ts'
import { connectByKubeconfig, findKubeconfigs } from './kubeconfig.ts'
import { connectInCluster, isInCluster, SERVICE_ACCOUNT_FOLDER } from './service-account.ts'

export interface ConnectOptions {
  /** A file, or `auto`: as the pod's service account, else what kubectl would take. */
  readonly kubeconfig: string
  readonly clock: Clock
  readonly environment: NodeJS.ProcessEnv
  /** Where a pod finds its service account; absent: where Kubernetes mounts it. */
  readonly serviceAccountFolder?: string | undefined
}

/**
 * Finds the API server and how to log in; nothing is asked of it yet.
 *
 * @throws AppError `SETTING_INVALID`
 */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const { kubeconfig, clock, environment, serviceAccountFolder: folder = SERVICE_ACCOUNT_FOLDER } = options
  if (kubeconfig !== 'auto') return connectByKubeconfig([kubeconfig], clock)
  if (await isInCluster({ environment, folder })) return connectInCluster({ environment, folder }, clock)
  const paths = await findKubeconfigs(environment)
  if (paths.length > 0) return connectByKubeconfig(paths, clock)
  throw new AppError(
    'SETTING_INVALID',
    'there is no API server to connect to: this is no pod with a service account, and there is no kubeconfig in KUBECONFIG or ~/.kube/config',
  )
}
