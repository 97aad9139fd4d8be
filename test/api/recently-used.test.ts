import { describe, expect, it } from 'vitest'

import { RecentlyUsed } from '#api/recently-used.ts'

describe('what was used recently', () => {
  it('is found', () => {
    const map = new RecentlyUsed<number>(2)
    map.set('a', 1)
    expect([map.get('a'), map.get('b')]).toEqual([1, undefined])
  })

  it('is never more than it may be, however much is put in', () => {
    const map = new RecentlyUsed<number>(3)
    for (let key = 0; key < 1000; key += 1) map.set(`${key}`, key)
    expect([map.size, map.get('996'), map.get('997'), map.get('999')]).toEqual([3, undefined, 997, 999])
  })

  it('makes room by dropping the entry unused longest', () => {
    const map = new RecentlyUsed<number>(2)
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 1)
    map.set('c', 3)
    expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3])
  })

  it('may be nothing at all', () => {
    const map = new RecentlyUsed<number>(0)
    map.set('a', 1)
    expect([map.size, map.get('a')]).toEqual([0, undefined])
  })
})
