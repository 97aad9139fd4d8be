import { join } from 'node:path'

import { beforeAll, describe, expect, inject, it } from 'vitest'

import type { KindName } from '#crds/kinds.ts'
import { validateObject } from '#crds/validate.ts'
import { type ManifestCase, MANIFEST_CASES } from '#test/support/manifest-cases.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import { Client, type Verdict } from './client.ts'
import { kubectl } from './kubectl.ts'

const CRDS = join(import.meta.dirname, '..', '..', 'crds')

describe('a real API server says the same as our validators to', () => {
  let client: Client

  beforeAll(async () => {
    await kubectl(['apply', '--server-side', '--force-conflicts', '-f', CRDS])
    await kubectl(['wait', '--for=condition=Established', 'crd', '--all'])
    client = await Client.connect(inject('kubeconfig'))
  })

  it.each(MANIFEST_CASES.map((row) => [`${row.kind}: ${row.title}`, row] as const))(
    '%s',
    async (_title, row) => {
      const real = await ask(client, row)
      const paths = real.isAccepted ? [] : real.paths
      expect({ isAccepted: real.isAccepted, paths }).toEqual({
        isAccepted: row.refusedAt === null,
        paths: row.refusedAt === null ? [] : expect.arrayContaining([row.refusedAt]),
      })
    },
  )

  async function ask(client: Client, row: ManifestCase): Promise<Verdict> {
    const { kind, manifest, stored } = row
    if (stored === undefined) return client.create(kind, manifest, { dryRun: 'All' })
    const created = await client.create(kind, stored)
    if (!created.isAccepted) throw new Error(created.message)
    try {
      const body = withVersion(manifest, created.object)
      if (row.isStatus) return await client.replaceStatus(kind, body, { dryRun: 'All' })
      return await client.replace(kind, body, { dryRun: 'All' })
    } finally {
      await client.delete(kind, created.object)
    }
  }
})

function withVersion(manifest: Manifest, current: Manifest): Manifest {
  const { resourceVersion } = asManifest(current['metadata'])
  return { ...manifest, metadata: { ...asManifest(manifest['metadata']), resourceVersion } }
}
export const unusedForNow: readonly [KindName?, typeof validateObject?] = []
