import { hostname } from 'node:os'

import { expect, it } from 'vitest'

import { replicaNameOf } from '#cli/server/replica-name.ts'

it('is what the setting says', () => {
  expect(replicaNameOf('runtimeconfig-0')).toBe('runtimeconfig-0')
})

it('is that of the host otherwise, in letters that a Lease may have', () => {
  const name = replicaNameOf('auto')
  expect(name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
  expect(name.replaceAll('-', '')).toBe(
    hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '')
      .slice(0, 63),
  )
})
