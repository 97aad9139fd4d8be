import { describe, expect, it } from 'vitest'

import { validateObject } from '#crds/validate.ts'
import { MANIFEST_CASES } from '#test/support/manifest-cases.ts'

describe('validateObject', () => {
  const verdicts = MANIFEST_CASES.map((row) => [`${row.kind}: ${row.title}`, row] as const)

  it.each(verdicts.filter(([, row]) => row.refusedAt === null))('accepts %s', (_title, row) => {
    expect(validateObject(row.kind, row.manifest, row.stored)).toEqual([])
  })

  it.each(verdicts.filter(([, row]) => row.refusedAt !== null))('refuses %s', (_title, row) => {
    const paths = validateObject(row.kind, row.manifest, row.stored).map((violation) => violation.path)
    expect(paths).toContain(row.refusedAt)
  })
})
