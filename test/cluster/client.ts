import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node'

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

/** Writes objects of our kinds through the official client library. */
export class Client {
  readonly #api: CustomObjectsApi

  constructor(kubeconfig: string) {
    const config = new KubeConfig()
    config.loadFromFile(kubeconfig)
    this.#api = config.makeApiClient(CustomObjectsApi)
  }

  create(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const request = { ...place(kind, body), body, ...options }
    if (!KINDS[kind].isNamespaced) return verdict(this.#api.createClusterCustomObject(request))
    return verdict(this.#api.createNamespacedCustomObject(request))
  }

  replace(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const request = { ...place(kind, body), name: nameOf(body), body, ...options }
    if (!KINDS[kind].isNamespaced) return verdict(this.#api.replaceClusterCustomObject(request))
    return verdict(this.#api.replaceNamespacedCustomObject(request))
  }

  replaceStatus(kind: KindName, body: Manifest, options: WriteOptions = {}): Promise<Verdict> {
    const request = { ...place(kind, body), name: nameOf(body), body, ...options }
    if (!KINDS[kind].isNamespaced) return verdict(this.#api.replaceClusterCustomObjectStatus(request))
    return verdict(this.#api.replaceNamespacedCustomObjectStatus(request))
  }

  delete(kind: KindName, object: Manifest): Promise<Verdict> {
    const request = { ...place(kind, object), name: nameOf(object) }
    if (!KINDS[kind].isNamespaced) return verdict(this.#api.deleteClusterCustomObject(request))
    return verdict(this.#api.deleteNamespacedCustomObject(request))
  }
}

/** An object as the server keeps it, without what only the server decides. */
export function withoutServerFields(object: Manifest): Manifest {
  const { name, namespace, labels, annotations } = asManifest(object['metadata'])
  const metadata = { name, namespace, labels, annotations }
  return JSON.parse(JSON.stringify({ ...object, apiVersion: API_VERSION, metadata }))
}

function place(kind: KindName, body: Manifest) {
  const { namespace } = asManifest(body['metadata'])
  const place = { group: GROUP, version: VERSION, plural: KINDS[kind].plural }
  return { ...place, namespace: typeof namespace === 'string' ? namespace : 'default' }
}

function nameOf(body: Manifest): string {
  return String(asManifest(body['metadata'])['name'])
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
