import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { API_VERSION, GROUP, VERSION } from '#crds/group.ts'
import { type KindName, KINDS } from '#crds/kinds.ts'
import { asManifest, isManifest, type Manifest } from '#test/support/manifests.ts'

/** What a server said to a write. */
export type Verdict =
  | { readonly isAccepted: true; readonly object: Manifest }
  | {
      readonly isAccepted: false
      readonly status: number
      /** The fields it names, in its own order. */
      readonly paths: readonly string[]
      readonly message: string
    }

export interface WriteOptions {
  readonly dryRun?: 'All'
  readonly fieldValidation?: 'Strict' | 'Ignore'
}

type Call = (parameters: Manifest) => Promise<unknown>

/** The part of `CustomObjectsApi` that is used. The package is installed by the script that runs this suite. */
interface CustomObjects {
  readonly createNamespacedCustomObject: Call
  readonly createClusterCustomObject: Call
  readonly replaceNamespacedCustomObject: Call
  readonly replaceClusterCustomObject: Call
  readonly replaceNamespacedCustomObjectStatus: Call
  readonly replaceClusterCustomObjectStatus: Call
  readonly deleteNamespacedCustomObject: Call
  readonly deleteClusterCustomObject: Call
}

interface ClientNode {
  readonly KubeConfig: new () => {
    loadFromFile(path: string): void
    makeApiClient(api: unknown): CustomObjects
  }
  readonly CustomObjectsApi: unknown
}

// In a package of its own, so that nobody else installs its 62 MB; not in this folder, where its package.json would take the
// `#` imports away from these tests.
const PACKAGES = createRequire(join(import.meta.dirname, 'packages', 'package.json'))

/** Writes objects of our kinds through the official client library. */
export class Client {
  readonly #api: CustomObjects

  private constructor(api: CustomObjects) {
    this.#api = api
  }

  static async connect(kubeconfig: string): Promise<Client> {
    const path = PACKAGES.resolve('@kubernetes/client-node')
    const { KubeConfig, CustomObjectsApi }: ClientNode = await import(pathToFileURL(path).href)
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    return new Client(config.makeApiClient(CustomObjectsApi))
  }

  create(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const { createNamespacedCustomObject, createClusterCustomObject } = this.#bound()
    const call = KINDS[kind].isNamespaced ? createNamespacedCustomObject : createClusterCustomObject
    return verdict(call({ ...place(kind, body), body, ...options }))
  }

  replace(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const { replaceNamespacedCustomObject, replaceClusterCustomObject } = this.#bound()
    const call = KINDS[kind].isNamespaced ? replaceNamespacedCustomObject : replaceClusterCustomObject
    return verdict(call({ ...place(kind, body), name: nameOf(body), body, ...options }))
  }

  replaceStatus(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const { replaceNamespacedCustomObjectStatus, replaceClusterCustomObjectStatus } = this.#bound()
    const call = KINDS[kind].isNamespaced
      ? replaceNamespacedCustomObjectStatus
      : replaceClusterCustomObjectStatus
    return verdict(call({ ...place(kind, body), name: nameOf(body), body, ...options }))
  }

  delete(kind: KindName, object: Manifest): Promise<Verdict> {
    const { deleteNamespacedCustomObject, deleteClusterCustomObject } = this.#bound()
    const call = KINDS[kind].isNamespaced ? deleteNamespacedCustomObject : deleteClusterCustomObject
    return verdict(call({ ...place(kind, object), name: nameOf(object) }))
  }

  #bound(): CustomObjects {
    const api = this.#api
    return {
      createNamespacedCustomObject: (parameters) => api.createNamespacedCustomObject(parameters),
      createClusterCustomObject: (parameters) => api.createClusterCustomObject(parameters),
      replaceNamespacedCustomObject: (parameters) => api.replaceNamespacedCustomObject(parameters),
      replaceClusterCustomObject: (parameters) => api.replaceClusterCustomObject(parameters),
      replaceNamespacedCustomObjectStatus: (parameters) =>
        api.replaceNamespacedCustomObjectStatus(parameters),
      replaceClusterCustomObjectStatus: (parameters) => api.replaceClusterCustomObjectStatus(parameters),
      deleteNamespacedCustomObject: (parameters) => api.deleteNamespacedCustomObject(parameters),
      deleteClusterCustomObject: (parameters) => api.deleteClusterCustomObject(parameters),
    }
  }
}

/** An object as the server keeps it, without what only the server decides. */
export function withoutServerFields(object: Manifest): Manifest {
  const { name, namespace, labels, annotations } = asManifest(object['metadata'])
  const metadata = { name, namespace, labels, annotations }
  return JSON.parse(JSON.stringify({ ...object, apiVersion: API_VERSION, metadata }))
}

function place(kind: KindName, body: Manifest): Manifest {
  const namespace = asManifest(body['metadata'])['namespace'] ?? 'default'
  const { plural, isNamespaced } = KINDS[kind]
  return { group: GROUP, version: VERSION, plural, ...(isNamespaced && { namespace }) }
}

function nameOf(body: Manifest): unknown {
  return asManifest(body['metadata'])['name']
}

async function verdict(answer: Promise<unknown>): Promise<Verdict> {
  try {
    return { isAccepted: true, object: asManifest(await answer) }
  } catch (error) {
    // The library rejects with an exception that carries the HTTP status and the `metav1.Status` as text.
    if (!(error instanceof Error) || !('code' in error) || !('body' in error)) throw error
    const status = typeof error.body === 'string' ? asManifest(JSON.parse(error.body)) : {}
    const { causes } = asManifest(status['details'])
    return {
      isAccepted: false,
      status: Number(error.code),
      paths: (Array.isArray(causes) ? causes : []).filter(isManifest).map((cause) => String(cause['field'])),
      message: String(status['message']),
    }
  }
}
