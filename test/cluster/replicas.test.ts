import { describe, expect, inject, it } from 'vitest'

import { killReplicas } from './torture/replica-run.ts'

describe('three replicas of which one is killed at random, and one frozen for longer than its Lease', () => {
  it('bring every device back into sync, none with an older document over a newer one, none without a Lease', async () => {
    const summary = await killReplicas({
      assets: inject('assets'),
      seed: 4,
      users: 10,
      devicesEach: 30,
      kills: 3,
      progress: (line) => process.stdout.write(`${line}\n`),
    })
    process.stdout.write(`${JSON.stringify(summary)}\n`)
    expect(summary).toMatchObject({
      devices: 300,
      olderOverNewer: [],
      underLostLease: [],
      late: [],
      outOfSync: [],
      wrongStatuses: [],
    })
  }, 600_000)
})
