import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node'

// In a folder with a package.json of its own, so that nobody else installs the 62 MB; alone in it, because that package.json
// takes the `#` imports away from whatever lies beside it.

/** Connects the official client library with what a kubeconfig names. */
export function connectCustomObjects(kubeconfig: string): CustomObjectsApi {
  const config = new KubeConfig()
  config.loadFromFile(kubeconfig)
  return config.makeApiClient(CustomObjectsApi)
}
