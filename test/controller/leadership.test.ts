import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'

import { ALONE, createLeaderElection, whileLeading } from '#controller/leadership.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { MemoryLeases } from '#test/support/memory-leases.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

function aScene() {
  const clock = new FakeClock()
  const leases = new MemoryLeases()
  const elect = (replica: string) => {
    const registry = new Registry()
    const basis = { leases: leases.by(), clock, random: () => 0.5, logger: SILENT }
    const election = createLeaderElection({ ...basis, replica, registry })
    const metric = async () =>
      (await registry.getSingleMetric('runtimeconfig_leader')?.get())?.values[0]?.value
    return { election, metric }
  }
  return { clock, leases, elect }
}

describe('leadership', () => {
  it('is had by one at a time, as a metric says, and handed on when it stops', async () => {
    const { clock, leases, elect } = aScene()
    const [a, b] = [elect('a'), elect('b')]
    await a.election.start()
    await b.election.start()
    await clock.advance(60_000)
    expect([await a.metric(), await b.metric(), leases.peek('runtimeconfig-leader')?.holder]).toEqual([
      1,
      0,
      'a',
    ])
    await a.election.stop()
    await clock.advance(5_000)
    expect([await a.metric(), await b.metric(), leases.peek('runtimeconfig-leader')?.holder]).toEqual([
      0,
      1,
      'b',
    ])
  })

  it('lets work last exactly as long as it does', async () => {
    const { clock, leases, elect } = aScene()
    const { election } = elect('a')
    const log: string[] = []
    const stop = whileLeading(election, () => {
      log.push('begin')
      return () => void log.push('end')
    })
    await election.start()
    const lease = leases.peek('runtimeconfig-leader')
    if (lease) leases.put({ ...lease, holder: 'b' })
    await clock.advance(5_000)
    expect(log).toEqual(['begin', 'end'])
    await clock.advance(20_000)
    stop()
    await election.stop()
    expect(log).toEqual(['begin', 'end', 'begin', 'end'])
  })

  it('is always had by a process that is alone', () => {
    const log: string[] = []
    const stop = whileLeading(ALONE, () => {
      log.push('begin')
      return () => void log.push('end')
    })
    stop()
    expect([ALONE.isLeader, log]).toEqual([true, ['begin', 'end']])
  })
})
