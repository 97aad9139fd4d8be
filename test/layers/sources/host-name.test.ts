import { hostname } from 'node:os'

import { describe, expect, it } from 'vitest'

import { chooseHostName } from '#layers/requirements/host-patterns.ts'
import { hostNameOnce, machineHostName } from '#layers/sources/host-name.ts'

describe('the name of the host', () => {
  it('is looked up when it is asked for, and once for all who ask', async () => {
    const lookUps: string[] = []
    const name = hostNameOnce({
      kernel: () => 'Build-01',
      canonical: () => {
        lookUps.push('canonical')
        return Promise.resolve('build-01.example.com.\n')
      },
    })
    expect(lookUps).toEqual([])
    const answers = await Promise.all([name.resolve(), name.resolve()])
    expect([...answers, await name.resolve(), lookUps]).toEqual([
      'build-01.example.com',
      'build-01.example.com',
      'build-01.example.com',
      ['canonical'],
    ])
  })

  it('is none for a machine without one, and no resolver is asked', async () => {
    const name = hostNameOnce({
      kernel: () => '',
      canonical: () => Promise.reject(new Error('it was asked')),
    })
    expect(await name.resolve()).toBeNull()
  })

  it('is this machine’s kernel name, or a qualified one in its place', async () => {
    const name = await machineHostName().resolve()
    expect([name === chooseHostName(hostname(), null), name?.includes('.')]).toContain(true)
  })
})
