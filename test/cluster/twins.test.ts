import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { isAppError } from '#core/errors.ts'
import { KIND_NAMES, type KindName, KINDS, type ObjectOf } from '#crds/kinds.ts'
import type { NewObject, Store } from '#store/store.ts'
import { openKubernetesSubject } from '#test/support/kubernetes-subject.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'
import { mutants } from '#test/support/mutations.ts'
import { openSqliteSubject } from '#test/support/sqlite-subject.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { installDefinitions } from './kubectl.ts'

/** Enough to notice a change that breaks something; raise it, and change the seed, when a store changes. */
const RUNS = { numRuns: 60, seed: 20261121 }

// Users are no resources in SQLite.
const KINDS_OF_BOTH = KIND_NAMES.filter((kind) => kind !== 'User')

type Act = 'create' | 'update' | 'updateStatus'

interface Step {
  readonly act: Act
  readonly manifest: Manifest
  /** Whether the write is for the version before it alone. */
  readonly isConditional: boolean
}

/** One store, and the object as it was answered last. */
class Twin {
  readonly #store: Store
  readonly #namespace: string
  #last: Manifest = {}

  constructor(store: Store, namespace: string) {
    this.#store = store
    this.#namespace = namespace
  }

  /** What came of a step, without what no two servers decide alike. */
  async take(kind: KindName, { act, manifest, isConditional }: Step): Promise<unknown> {
    const { resourceVersion } = asManifest(this.#last['metadata'])
    const metadata = {
      ...asManifest(manifest['metadata']),
      ...(KINDS[kind].isNamespaced && { namespace: this.#namespace }),
      ...(isConditional && act !== 'create' && { resourceVersion }),
    }
    const object = { ...manifest, metadata } as unknown as NewObject<KindName> & ObjectOf<KindName>
    return this.#outcome(() => this.#store[act](kind, object))
  }

  async delete(kind: KindName, name: string): Promise<unknown> {
    const key = { name, ...(KINDS[kind].isNamespaced && { namespace: this.#namespace }) }
    const answer = await this.#outcome(() => this.#store.delete(kind, key))
    const left = await this.#store.get(kind, key).catch(() => undefined)
    if (left !== undefined)
      await this.#store.update(kind, { ...left, metadata: { ...left.metadata, finalizers: [] } })
    this.#last = {}
    return { answer, isLeft: left !== undefined }
  }

  async #outcome(work: () => Promise<unknown>): Promise<unknown> {
    const before = asManifest(this.#last['metadata'])['resourceVersion']
    try {
      this.#last = asManifest(await work())
    } catch (error) {
      if (!isAppError(error)) throw error
      return error.code
    }
    const { uid, resourceVersion, creationTimestamp, deletionTimestamp, ...rest } = asManifest(
      this.#last['metadata'],
    )
    const { namespace: _, ...metadata } = rest
    const known = [uid, resourceVersion, creationTimestamp].map((value) => typeof value)
    const isGoing = deletionTimestamp !== undefined
    return { ...this.#last, metadata, known, isGoing, isSameVersion: resourceVersion === before }
  }
}

describe('both stores do the same with what nobody thought of', () => {
  let server: ApiServer
  let cluster: Awaited<ReturnType<typeof openKubernetesSubject>>
  let embedded: Awaited<ReturnType<typeof openSqliteSubject>>

  beforeAll(async () => {
    server = await startApiServer(inject('assets'))
    await installDefinitions(server.kubeconfig)
    cluster = await openKubernetesSubject(server)
    embedded = await openSqliteSubject()
  })

  afterAll(async () => {
    await embedded.close()
    await cluster.close()
    await server.stop()
  })

  it.each(KINDS_OF_BOTH)('%s', async (kind) => {
    const step = fc.record({
      act: fc.constantFrom<Act>('update', 'updateStatus'),
      manifest: mutants([kind]).map(({ manifest }) => manifest),
      isConditional: fc.boolean(),
    })
    const first = mutants([kind]).map(
      ({ manifest }) => ({ act: 'create', manifest, isConditional: false }) as const,
    )
    await fc.assert(
      fc.asyncProperty(first, fc.array(step, { maxLength: 4 }), async (create, others) => {
        const twins = [
          new Twin(embedded.store, 'user-1'),
          new Twin(cluster.store, cluster.namespaces[0]),
        ] as const
        const { name } = asManifest(create.manifest['metadata'])
        try {
          for (const each of [create, ...others]) {
            const [ours, real] = await Promise.all(twins.map((twin) => twin.take(kind, each)))
            expect({ each, outcome: ours }).toEqual({ each, outcome: real })
          }
        } finally {
          const gone = await Promise.all(twins.map((twin) => twin.delete(kind, String(name))))
          expect(gone[0]).toEqual(gone[1])
        }
      }),
      RUNS,
    )
  })
})
