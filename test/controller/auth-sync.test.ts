import { describe, expect, it } from 'vitest'

import { Operator, normal } from '#test/support/operator.ts'

describe('54-69', () => {
  it('smoke', async () => {
    const operator = await Operator.forTest()
    await operator.upload('{"token":"secret"}')
    const device = operator.fleet.add()
    await operator.until(() => device.files.has('codex'))
    expect(device.files.get('codex')).toBe(normal('{"token":"secret"}'))
    await operator.pass(1_000)
    console.log(
      JSON.stringify(await operator.device(), null, 1),
      JSON.stringify(await operator.config(), null, 1),
    )
    console.log(await operator.explain())
    console.log(await operator.registry.metrics())
  })
})
