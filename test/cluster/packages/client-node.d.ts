// The part of the library that the suite uses. The package itself is installed by the script that runs the suite, so the type
// check of the rest of the repository must not need it.
declare module '@kubernetes/client-node' {
  type Call = (parameters: Readonly<Record<string, unknown>>) => Promise<unknown>

  export class CustomObjectsApi {
    readonly createNamespacedCustomObject: Call
    readonly createClusterCustomObject: Call
    readonly replaceNamespacedCustomObject: Call
    readonly replaceClusterCustomObject: Call
    readonly replaceNamespacedCustomObjectStatus: Call
    readonly replaceClusterCustomObjectStatus: Call
    readonly deleteNamespacedCustomObject: Call
    readonly deleteClusterCustomObject: Call
  }

  export class KubeConfig {
    loadFromFile(path: string): void
    makeApiClient(api: typeof CustomObjectsApi): CustomObjectsApi
  }
}
