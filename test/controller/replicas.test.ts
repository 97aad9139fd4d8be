import { describe, expect, it } from 'vitest'

import { requireAuthority, withAuthority } from '#controller/command-authority.ts'
import { Replicas, type ReplicasOptions } from '#controller/replicas.ts'
import { AppError } from '#core/errors.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { answer } from '#test/support/fleet.ts'
import { aLease, type LeasePath, MemoryLeases } from '#test/support/memory-leases.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

interface Scene {
  readonly clock: FakeClock
  readonly leases: MemoryLeases
  readonly replica: (name: string, options?: Partial<ReplicasOptions> & { path?: LeasePath }) => Replicas
}

function aScene(): Scene {
  const clock = new FakeClock()
  const leases = new MemoryLeases()
  const replica: Scene['replica'] = (name, { path, ...options } = {}) =>
    new Replicas({
      leases: leases.by(path),
      clock,
      random: () => 0.5,
      logger: SILENT,
      replica: name,
      peerUrl: `http://${name}:8081`,
      ...options,
    })
  return { clock, leases, replica }
}

describe('the replicas', () => {
  it('say that they are there, and where', async () => {
    const { leases, replica } = aScene()
    const a = replica('a')
    await a.start()
    expect([a.isHeld, leases.peek('runtimeconfig-replica-a')]).toMatchObject([
      true,
      {
        holder: 'a',
        durationSeconds: 40,
        labels: { 'agent.wecode.io/kind': 'replica' },
        annotations: { 'agent.wecode.io/peer-url': 'http://a:8081' },
      },
    ])
  })

  it('know each other, and that they are there themselves', async () => {
    const { clock, replica } = aScene()
    const [a, b] = [replica('a'), replica('b', { peerUrl: null })]
    await a.start()
    await b.start()
    await clock.advance(11_000)
    expect([a.urlOf('a'), a.urlOf('b'), b.urlOf('a'), a.isAlive('a'), a.isAlive('b')]).toEqual([
      'http://a:8081',
      undefined,
      'http://a:8081',
      true,
      true,
    ])
  })

  it('hear of one that stops within moments, and of one that was killed when its Lease ran out', async () => {
    const { clock, replica } = aScene()
    let isCut = false
    const path: LeasePath = async (act) => {
      if (isCut) throw new AppError('STORE_UNAVAILABLE', 'killed')
      return act()
    }
    const [a, b, c] = [replica('a'), replica('b'), replica('c', { path })]
    await Promise.all([a.start(), b.start(), c.start()])
    await clock.advance(11_000)
    let news = 0
    a.onChange(() => void (news += 1))
    await b.stop()
    await clock.advance(11_000)
    expect([a.isAlive('b'), a.urlOf('b'), a.isAlive('c'), news]).toEqual([false, undefined, true, 1])
    isCut = true
    await clock.advance(32_000)
    expect([c.isHeld, a.isAlive('c')]).toEqual([false, true])
    await clock.advance(25_000)
    expect([a.isAlive('c'), news]).toEqual([false, 2])
  })

  it('take one nobody has seen for new, until a newer list is without it', async () => {
    const { clock, leases, replica } = aScene()
    const [a, b] = [replica('a'), replica('b')]
    await a.start()
    await b.start()
    const before = leases.requests
    expect([a.isAlive('b'), a.isAlive('nobody'), a.urlOf('b')]).toEqual([true, true, undefined])
    await clock.advance(1_000)
    expect([a.isAlive('b'), a.isAlive('nobody'), a.urlOf('b')]).toEqual([true, false, 'http://b:8081'])
    for (let asked = 0; asked < 100; asked += 1) a.isAlive('nobody')
    await clock.advance(5_000)
    expect(leases.requests - before).toBe(1)
  })

  it('keep their picture while no list can be had, however long', async () => {
    const { clock, replica } = aScene()
    let isCut = false
    const path: LeasePath = async (act) => {
      if (isCut) throw new AppError('STORE_UNAVAILABLE', 'the store is away')
      return act()
    }
    const [a, b] = [replica('a', { path }), replica('b')]
    await a.start()
    await b.start()
    await clock.advance(11_000)
    isCut = true
    await clock.advance(600_000)
    expect([a.isAlive('b'), a.urlOf('b'), a.isHeld]).toEqual([true, 'http://b:8081', false])
    isCut = false
    await clock.advance(15_000)
    expect([a.isAlive('b'), a.isHeld]).toEqual([true, true])
  })

  it('cost ten requests a minute and replica at rest: Leases renewed, and looked at', async () => {
    const { clock, leases, replica } = aScene()
    const all = ['a', 'b', 'c'].map((name) => replica(name))
    for (const each of all) await each.start()
    await clock.advance(60_000)
    const before = leases.requests
    await clock.advance(600_000)
    expect(leases.requests - before).toBeLessThanOrEqual(3 * 12 * 10)
  })

  it('delete the Leases of those that are long gone, and no other', async () => {
    const { clock, leases, replica } = aScene()
    const a = replica('a', { leadership: { isLeader: true } })
    const gone = { labels: { 'agent.wecode.io/kind': 'replica' }, durationSeconds: 40 }
    leases.put(aLease({ name: 'runtimeconfig-replica-gone', holder: 'gone', ...gone }))
    leases.put(aLease({ name: 'runtimeconfig-leader' }))
    await a.start()
    await clock.advance(500_000)
    expect(leases.peek('runtimeconfig-replica-gone')).toBeDefined()
    await clock.advance(120_000)
    expect(
      ['runtimeconfig-replica-gone', 'runtimeconfig-replica-a', 'runtimeconfig-leader'].map(
        (name) => leases.peek(name)?.holder,
      ),
    ).toEqual([undefined, 'a', 'replica-b'])
  })
})

describe('the authority to send commands', () => {
  it('is the own Lease: without it nothing goes out, and whoever asks may try again later', async () => {
    const { clock, replica } = aScene()
    let isCut = false
    const path: LeasePath = async (act) => {
      if (isCut) throw new AppError('STORE_UNAVAILABLE', 'the store is away')
      return act()
    }
    const a = replica('a', { path })
    let sent = 0
    const channel = withAuthority(
      {
        send: async () => {
          sent += 1
          return answer('written')
        },
      },
      a,
    )
    const send = () =>
      channel.send(
        { namespace: 'user-1', deviceId: 'device-1' },
        {
          key: 'read_runtime_auth_file',
          runtime: 'codex',
          target: { targetPath: '~/a', homeVariable: null },
        },
      )
    await a.start()
    await send()
    isCut = true
    await clock.advance(31_000)
    await expect(send()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retry: 'later' })
    isCut = false
    await clock.advance(10_000)
    await send()
    expect(sent).toBe(2)
    expect(() => requireAuthority({ isHeld: false })).toThrow('sends no command until it could')
  })
})
