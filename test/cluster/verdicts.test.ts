import * as fc from 'fast-check'
import { beforeAll, describe, expect, inject, it } from 'vitest'

import { KIND_NAMES } from '#crds/kinds.ts'
import { normalizeObject, unknownFields } from '#crds/normalize.ts'
import { validateObject } from '#crds/validate.ts'
import { type ManifestCase, MANIFEST_CASES } from '#test/support/manifest-cases.ts'
import { aManifest, asManifest, type Manifest } from '#test/support/manifests.ts'
import { mutants } from '#test/support/mutations.ts'

import { Client, type Verdict, withoutServerFields } from './client.ts'
import { applyDefinitions } from './kubectl.ts'

/** Enough to notice a change that breaks something; raise it, and change the seed, when the validators change. */
const RUNS = { numRuns: 300, seed: 20261121 }

let client: Client

beforeAll(async () => {
  await applyDefinitions()
  client = new Client(inject('kubeconfig'))
})

describe('a real API server says the same as our validators to', () => {
  it.each(MANIFEST_CASES.map((row) => [`${row.kind}: ${row.title}`, row] as const))(
    '%s',
    async (_title, row) => {
      const real = await ask(row)
      const named = real.isAccepted ? [] : real.paths.filter((path) => path.startsWith(row.refusedAt ?? ''))
      expect({ real, isNamed: named.length > 0 }).toMatchObject({
        real: { isAccepted: row.refusedAt === null },
        isNamed: row.refusedAt !== null,
      })
    },
  )
})

describe('a real API server and our validators agree on manifests nobody thought of', () => {
  it('accepting the same, and keeping the same of what they accept', async () => {
    await fc.assert(
      fc.asyncProperty(mutants(), async ({ kind, manifest }) => {
        const { status: _, ...withoutStatus } = manifest
        const ours = validateObject(kind, withoutStatus)
        const real = await client.create(kind, manifest, { dryRun: 'All', fieldValidation: 'Ignore' })
        const kept = withoutServerFields(asManifest(normalizeObject(kind, withoutStatus)))
        expect({ ours, real: outcome(real) }).toEqual({ ours, real: ours.length === 0 ? kept : 'refused' })
      }),
      RUNS,
    )
  })

  it('naming unknown fields where a strict server refuses them', async () => {
    await fc.assert(
      fc.asyncProperty(mutants(), async ({ kind, manifest }) => {
        const { status: _, ...withoutStatus } = manifest
        if (validateObject(kind, withoutStatus).length > 0) return
        const real = await client.create(kind, withoutStatus, { dryRun: 'All', fieldValidation: 'Strict' })
        expect(unknownFields(kind, withoutStatus).length === 0).toBe(real.isAccepted)
      }),
      RUNS,
    )
  })
})

describe('a real API server and our validators agree on statuses nobody thought of', () => {
  it.each(KIND_NAMES)('%s', async (kind) => {
    const stored = await client.create(kind, aManifest(kind))
    if (!stored.isAccepted) throw new Error(stored.message)
    await fc.assert(
      fc.asyncProperty(mutants([kind]), async ({ manifest }) => {
        const body = { ...stored.object, status: manifest['status'] }
        const ours = validateObject(kind, body)
        const real = await client.replaceStatus(kind, body, { dryRun: 'All', fieldValidation: 'Ignore' })
        expect({ isAccepted: ours.length === 0, ours }).toEqual({ isAccepted: real.isAccepted, ours })
      }),
      RUNS,
    )
    await client.delete(kind, stored.object)
  })
})

/** What the server keeps, or that it keeps nothing. */
function outcome(verdict: Verdict): Manifest | 'refused' {
  return verdict.isAccepted ? withoutServerFields(verdict.object) : 'refused'
}

async function ask(row: ManifestCase): Promise<Verdict> {
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

function withVersion(manifest: Manifest, current: Manifest): Manifest {
  const { resourceVersion } = asManifest(current['metadata'])
  return { ...manifest, metadata: { ...asManifest(manifest['metadata']), resourceVersion } }
}
