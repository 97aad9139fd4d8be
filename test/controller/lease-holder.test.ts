import { array, assert, asyncProperty, double, integer, record } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { LeaseHolder, type LeaseHolderOptions } from '#controller/lease-holder.ts'
import { AppError } from '#core/errors.ts'
import { LEADER_TIMES } from '#core/lease.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aLease, type LeasePath, MemoryLeases } from '#test/support/memory-leases.ts'
import { seededRandom } from '#test/support/random.ts'
import { SkewedClock } from '#test/support/skewed-clock.ts'

const NAME = 'runtimeconfig-leader'
const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

interface Scene {
  readonly clock: FakeClock
  readonly leases: MemoryLeases
  readonly holder: (
    self: string,
    options?: Partial<LeaseHolderOptions> & { readonly path?: LeasePath },
  ) => LeaseHolder
}

function aScene(): Scene {
  const clock = new FakeClock()
  const leases = new MemoryLeases()
  return {
    clock,
    leases,
    holder: (self, { path, ...options } = {}) =>
      new LeaseHolder({
        leases: leases.by(path),
        clock,
        random: () => 0,
        logger: SILENT,
        name: NAME,
        self,
        times: LEADER_TIMES,
        ...options,
      }),
  }
}

/** A way to the store that a test closes and opens. */
function aGate() {
  const gate: { isOpen: boolean; path: LeasePath } = {
    isOpen: true,
    path: async (act) => {
      if (!gate.isOpen) throw new AppError('STORE_UNAVAILABLE', 'the store is away')
      return act()
    },
  }
  return gate
}

describe('the holder of a Lease', () => {
  it('makes it when there is none, says who it is, and renews it', async () => {
    const { clock, leases, holder } = aScene()
    const a = holder('a', { annotations: { url: 'http://a' }, labels: { kind: 'leader' } })
    await a.start()
    const acquiredAt = clock.now()
    await clock.advance(60_000)
    expect([a.isHeld, leases.peek(NAME)]).toEqual([
      true,
      {
        name: NAME,
        holder: 'a',
        durationSeconds: 15,
        acquiredAt,
        renewedAt: clock.now(),
        transitions: 0,
        annotations: { url: 'http://a' },
        labels: { kind: 'leader' },
        resourceVersion: '31',
      },
    ])
  })

  it('renews with one request, and does not read what it wrote itself', async () => {
    const { clock, leases, holder } = aScene()
    await holder('a').start()
    const before = leases.requests
    await clock.advance(20_000)
    expect(leases.requests - before).toBe(10)
  })

  it('waits while another renews, and takes over when that one is silent for the whole duration', async () => {
    const { clock, leases, holder } = aScene()
    const [gate, a] = [aGate(), holder('a')]
    const b = holder('b', { path: gate.path })
    await b.start()
    await a.start()
    await clock.advance(60_000)
    expect([a.isHeld, b.isHeld]).toEqual([false, true])
    gate.isOpen = false
    await clock.advance(14_000)
    expect([a.isHeld, b.isHeld]).toEqual([false, false])
    await clock.advance(5_000)
    expect([a.isHeld, leases.peek(NAME)?.transitions]).toEqual([true, 1])
  })

  it('stops claiming when it could not renew in time, by the clock and without another event', async () => {
    const { clock, holder } = aScene()
    const gate = aGate()
    const a = holder('a', { path: gate.path })
    const told: boolean[] = []
    a.onChange((isHeld) => void told.push(isHeld))
    await a.start()
    gate.isOpen = false
    await clock.advance(9_999)
    expect(a.isHeld).toBe(true)
    await clock.advance(1)
    expect([a.isHeld, told]).toEqual([false, [true, false]])
    gate.isOpen = true
    await clock.advance(3_000)
    expect([a.isHeld, told]).toEqual([true, [true, false, true]])
  })

  it('counts from when it asked: an answer that comes too late gives nothing', async () => {
    const { clock, holder } = aScene()
    let delayMs = 0
    const path: LeasePath = async (act) => {
      const result = act()
      await new Promise<void>((resolve) => clock.after(delayMs, resolve))
      return result
    }
    const a = holder('a', { path })
    void a.start()
    await clock.advance(10)
    expect(a.isHeld).toBe(true)
    delayMs = 4_000
    await clock.advance(60_000)
    expect(a.isHeld).toBe(true)
    // Slower than it waits for an answer: every renewal has its effect, and none is known of.
    delayMs = 6_000
    await clock.advance(20_000)
    expect(a.isHeld).toBe(false)
  })

  it('stops at once when it finds the Lease in other hands', async () => {
    const { clock, leases, holder } = aScene()
    const a = holder('a')
    await a.start()
    leases.put(aLease({ holder: 'b' }))
    await clock.advance(5_000)
    expect(a.isHeld).toBe(false)
    await clock.advance(15_000)
    expect([a.isHeld, leases.peek(NAME)?.holder]).toEqual([true, 'a'])
  })

  it('makes it anew when somebody deleted it', async () => {
    const { clock, leases, holder } = aScene()
    const a = holder('a')
    await a.start()
    const lease = leases.peek(NAME)
    if (lease) await leases.by().delete(lease)
    await clock.advance(10_000)
    expect([a.isHeld, leases.peek(NAME)?.holder]).toEqual([true, 'a'])
  })

  it('takes its own Lease up again at once after a restart', async () => {
    const { leases, holder } = aScene()
    leases.put(aLease({ holder: 'a' }))
    const a = holder('a')
    await a.start()
    expect([a.isHeld, leases.peek(NAME)?.transitions]).toEqual([true, 0])
  })

  it('releases it when it stops, so that the next one need not wait', async () => {
    const { clock, leases, holder } = aScene()
    const [a, b] = [holder('a'), holder('b')]
    await a.start()
    await b.start()
    await clock.advance(1_000)
    await a.stop()
    expect([a.isHeld, leases.peek(NAME)?.holder]).toEqual([false, null])
    await clock.advance(2_000)
    expect([b.isHeld, leases.peek(NAME)?.holder]).toEqual([true, 'b'])
  })

  it('leaves a Lease alone that is not its own when it stops, and does nothing more', async () => {
    const { clock, leases, holder } = aScene()
    leases.put(aLease({ holder: 'b' }))
    const a = holder('a')
    await a.start()
    await a.stop()
    const { writes, requests } = leases
    await clock.advance(120_000)
    expect([leases.peek(NAME)?.holder, leases.writes, leases.requests]).toEqual(['b', writes, requests])
  })

  it('stops although the store does not answer', async () => {
    const { clock, holder } = aScene()
    let isSilent = false
    const path: LeasePath = (act) => (isSilent ? new Promise(() => undefined) : Promise.resolve(act()))
    const a = holder('a', { path })
    await a.start()
    isSilent = true
    await clock.advance(3_000)
    let isStopped = false
    const stopped = a.stop().then(() => (isStopped = true))
    expect(a.isHeld).toBe(false)
    await clock.advance(20_000)
    expect(isStopped).toBe(true)
    await stopped
  })
})

/** What one process's requests and clock go through. */
const aProcess = record({
  rate: double({ min: 0.87, max: 1.14, noNaN: true }),
  offsetMs: integer({ min: -1e12, max: 1e12 }),
  lost: double({ min: 0, max: 0.6, noNaN: true }),
  slowMs: integer({ min: 0, max: 12_000 }),
})

describe('several who want one Lease', () => {
  it('are never two who hold it, whatever their clocks say and their network does', async () => {
    const scenes = record({
      seed: integer(),
      processes: array(aProcess, { minLength: 2, maxLength: 4 }),
    })
    await assert(
      asyncProperty(scenes, async ({ seed, processes }) => {
        const { most, held } = await watchHolders(seed, processes)
        expect(most).toBeLessThanOrEqual(1)
        expect(held).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 60 },
    )
  })

  it('always have a holder again when the network is well', async () => {
    const well = { lost: 0, slowMs: 100 }
    const { most, held } = await watchHolders(7, [
      { rate: 0.9, offsetMs: -5e9, ...well },
      { rate: 1.1, offsetMs: 5e9, ...well },
      { rate: 1, offsetMs: 0, ...well },
    ])
    expect([most, held > 550]).toEqual([1, true])
  })
})

interface Process {
  readonly rate: number
  readonly offsetMs: number
  readonly lost: number
  readonly slowMs: number
}

/** Lets them compete for two and a half minutes; gives how many held it at once at most, and in how many moments anybody did. */
async function watchHolders(seed: number, processes: readonly Process[]) {
  const { clock, holder } = aScene()
  const random = seededRandom(seed)
  const holders = processes.map(({ rate, offsetMs, lost, slowMs }, index) => {
    const path: LeasePath = async (act) => {
      const delay = () => new Promise<void>((resolve) => clock.after(random() * slowMs, resolve))
      const isLost = random() < lost
      await delay()
      // Half of what is lost had its effect: only the answer is missing.
      if (isLost && random() < 0.5) throw new AppError('STORE_UNAVAILABLE', 'lost on its way')
      const result = act()
      await delay()
      if (isLost) throw new AppError('STORE_UNAVAILABLE', 'lost on its way back')
      return result
    }
    const skewed = new SkewedClock(clock, { rate, offsetMs })
    return holder(`replica-${index}`, { path, clock: skewed, random })
  })
  for (const each of holders) void each.start()
  let [most, held] = [0, 0]
  for (let moment = 0; moment < 600; moment += 1) {
    await clock.advance(250)
    const count = holders.filter((each) => each.isHeld).length
    most = Math.max(most, count)
    if (count > 0) held += 1
    if (moment === 300) void holders[0]?.stop()
  }
  return { most, held }
}
