import { describe, expect, it } from 'vitest'

import type { ObjectOf } from '#crds/kinds.ts'
import type { FleetDevice } from '#test/support/fleet.ts'
import { accountOf, refreshOf, Simulation } from '#test/support/simulation.ts'

// A longer search: SIMULATION_SEEDS=5000 SIMULATION_FROM=1001 npx vitest run test/controller/simulation.test.ts
const FIRST = Number(process.env['SIMULATION_FROM'] ?? 1)
const COUNT = Number(process.env['SIMULATION_SEEDS'] ?? 200)
const SEEDS = Array.from({ length: COUNT }, (_, index) => FIRST + index)
const STEPS = 40

type Person = Simulation['people'][number]

describe('a bad day', () => {
  it.each(SEEDS)('harms no file and ends well: seed %i', async (seed) => {
    const simulation = await Simulation.start(seed)
    try {
      await simulation.run(STEPS)
      await simulation.resume()
      await simulation.settle()
      expect(simulation.broken).toEqual([])
      for (const person of simulation.people) await checkPerson(simulation, person)
      await checkQuiet(simulation)
    } catch (error) {
      console.log(
        [`seed ${seed}, what happened last (ms, what, who, where):`, ...simulation.log.slice(-60)].join('\n'),
      )
      throw error
    } finally {
      await simulation.operator.close()
    }
  })
})

/** What the operator says, in `explain` and in every status, is what is so. */
async function checkPerson({ operator }: Simulation, person: Person): Promise<void> {
  const config = await operator.config({ user: person.name })
  const stored = storedText(config)
  const states: string[] = []
  for (const device of person.devices) {
    const { deviceId, namespace } = device.key
    const { state, reason } = await operator.explain(deviceId, 'codex', namespace)
    const where = `${person.name} ${deviceId} (${person.updatePolicy}, ${person.removalPolicy}): ${reason}`
    expect([where, truth(person, device, stored)]).toEqual([where, expect.arrayContaining([state])])
    expect([where, rowOf(await operator.device(deviceId, namespace))]).toEqual([where, state])
    states.push(state)
  }
  const count = (wanted: string) => states.filter((state) => state === wanted).length
  const counts = { online: 3, inSync: count('InSync'), missing: 0, stale: count('Stale'), failed: 0 }
  expect([person.name, config?.status?.devices ?? counts]).toEqual([person.name, counts])
}

function storedText(config: ObjectOf<'UserRuntimeConfig'> | undefined): string | null {
  const sealed = config?.spec.auth?.encryptedValue
  return sealed === undefined ? null : (JSON.parse(sealed) as [unknown, string])[1]
}

/** The state in a device's status; nothing is written of what nothing was ever done about. */
function rowOf(device: ObjectOf<'Device'> | undefined): string {
  return device?.status?.runtimes?.find(({ name }) => name === 'codex')?.state ?? 'NotManaged'
}

/** When all is settled, time passes without a write or a queue entry. */
async function checkQuiet({ operator }: Simulation): Promise<void> {
  const measure = async () => [
    (await operator.stores.store.list('Runtime')).metadata.resourceVersion,
    (await operator.registry.getSingleMetric('workqueue_adds_total')?.get())?.values.map(
      ({ value }) => value,
    ),
  ]
  const before = await measure()
  await operator.pass(5 * 60_000)
  expect(await measure()).toEqual(before)
}

/** What may be so in the end, from what is really on the device and really stored. */
function truth(person: Person, device: FleetDevice, stored: string | null): readonly string[] {
  const [file, written] = [device.files.get('codex'), device.written.get('codex')]
  if (!person.isEnabled || stored === null) {
    const isLeft = person.removalPolicy === 'RemoveManaged' && file !== undefined && file === written
    return isLeft && device.isOurAgent ? ['a file of ours is left'] : ['NotManaged']
  }
  if (file === undefined) return ['a file is missing']
  // Without digests the operator knows no more than what it saw delivered.
  if (!device.isOurAgent) return ['InSync', 'Stale']
  return [
    file === stored
      ? 'InSync'
      : trueDifference({ file, stored, written, keepsFiles: person.updatePolicy === 'IfMissing' }),
  ]
}

interface Difference {
  readonly file: string
  readonly stored: string
  readonly written: string | undefined
  readonly keepsFiles: boolean
}

function trueDifference({ file, stored, written, keepsFiles }: Difference): string {
  const isNewer = refreshOf(file) > refreshOf(stored)
  if (file === written) return keepsFiles || isNewer ? 'Stale' : 'not replaced'
  if (written === undefined || accountOf(file) !== accountOf(stored) || !isNewer) return 'Foreign'
  return keepsFiles ? 'RotatedOnDevice' : 'not imported'
}
