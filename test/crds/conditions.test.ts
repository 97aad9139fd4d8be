import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  type Condition,
  findCondition,
  isConditionTrue,
  type NewCondition,
  removeCondition,
  setCondition,
} from '#crds/conditions.ts'

const BEFORE = '2026-11-21T10:00:00.000Z'
const NOW = '2026-11-21T11:00:00.000Z'

describe('setCondition', () => {
  it('adds a condition that is not there, as of now', () => {
    const ready = aNewCondition()
    expect(setCondition([aCondition({ type: 'Synced' })], ready, NOW)).toEqual([
      aCondition({ type: 'Synced' }),
      { ...ready, lastTransitionTime: NOW },
    ])
  })

  it('keeps the time while only the reason changes', () => {
    const next = aNewCondition({ reason: 'Delivered', message: 'again' })
    expect(setCondition([aCondition()], next, NOW)).toEqual([{ ...next, lastTransitionTime: BEFORE }])
  })

  it('takes the time of a change of status', () => {
    const next = aNewCondition({ status: 'False' })
    expect(setCondition([aCondition()], next, NOW)).toEqual([{ ...next, lastTransitionTime: NOW }])
  })

  it('keeps the order of the others', () => {
    const list = ['A', 'B', 'C'].map((type) => aCondition({ type }))
    const changed = setCondition(list, aNewCondition({ type: 'B', status: 'False' }), NOW)
    expect(changed.map((condition) => condition.type)).toEqual(['A', 'B', 'C'])
  })

  it('drops a generation that the new condition does not name', () => {
    const [condition] = setCondition([aCondition({ observedGeneration: 3 })], aNewCondition(), NOW)
    expect(condition).not.toHaveProperty('observedGeneration')
  })

  it('gives the same list back when nothing changes, whatever the time', () => {
    fc.assert(
      fc.property(conditions(), fc.nat(), (list, at) => {
        const condition = list[at % Math.max(1, list.length)]
        if (condition === undefined) return
        const { lastTransitionTime: _, ...same } = condition
        expect(setCondition(list, same, NOW)).toBe(list)
      }),
    )
  })

  it('leaves one condition of the type and the others as they were', () => {
    fc.assert(
      fc.property(conditions(), newCondition(), (list, next) => {
        const after = setCondition(list, next, NOW)
        expect(after.filter(({ type }) => type === next.type)).toMatchObject([next])
        expect(after.filter(({ type }) => type !== next.type)).toEqual(
          list.filter(({ type }) => type !== next.type),
        )
      }),
    )
  })
})

describe('findCondition, isConditionTrue and removeCondition', () => {
  const list = [aCondition(), aCondition({ type: 'Synced', status: 'Unknown' })]

  it.each([
    ['Ready', true],
    ['Synced', false],
    ['Online', false],
  ])('%s is true: %s', (type, expected) => {
    expect(isConditionTrue(list, type)).toBe(expected)
  })

  it('know an absent list', () => {
    expect(findCondition(undefined, 'Ready')).toBeUndefined()
    expect(isConditionTrue(undefined, 'Ready')).toBe(false)
  })

  it('take one away, and nothing when there is none', () => {
    expect(removeCondition(list, 'Ready')).toEqual([list[1]])
    expect(removeCondition(list, 'Online')).toBe(list)
  })
})

function aNewCondition(overrides: Partial<NewCondition> = {}): NewCondition {
  return { type: 'Ready', status: 'True', reason: 'UpToDate', message: 'all is well', ...overrides }
}

function aCondition(overrides: Partial<Condition> = {}): Condition {
  return { ...aNewCondition(), lastTransitionTime: BEFORE, ...overrides }
}

function newCondition(): fc.Arbitrary<NewCondition> {
  return fc.record({
    type: fc.constantFrom('Ready', 'Synced', 'Online'),
    status: fc.constantFrom('True', 'False', 'Unknown'),
    reason: fc.constantFrom('A', 'B'),
    message: fc.constantFrom('', 'x'),
  })
}

function conditions(): fc.Arbitrary<readonly Condition[]> {
  const condition = fc.tuple(newCondition()).map(([each]) => aCondition(each))
  return fc.uniqueArray(condition, { selector: ({ type }) => type })
}
