import { describe, expect, it } from 'vitest'

import { aDeviceStatus, aStoredDevice } from '#test/support/store-objects.ts'

import { Bench, names, type OpenSubject } from './subject.ts'

export function describeSelecting(open: OpenSubject): void {
  describe('selectors', () => {
    const bench = new Bench(open)
    const fill = async () => {
      const devices = [
        aStoredDevice({ name: 'a', labels: { team: 'blue', tier: '1' } }),
        aStoredDevice({ name: 'b', labels: { team: 'red', tier: '2' } }, { deviceType: 'cloud' }),
        aStoredDevice({ name: 'c', labels: { team: '' } }, { deviceType: 'cloud' }),
        aStoredDevice({ name: 'd' }),
      ]
      for (const device of devices) {
        const metadata = { ...device.metadata, namespace: bench.mine }
        await bench.store.create('Device', { ...device, metadata })
      }
    }
    const select = async (selection: object) =>
      names((await bench.store.list('Device', { namespace: bench.mine, ...selection })).items)

    it.each([
      ['team=blue', ['a']],
      ['team==blue', ['a']],
      ['team!=blue', ['b', 'c', 'd']],
      ['team in (blue,red)', ['a', 'b']],
      ['team notin (blue,red)', ['c', 'd']],
      ['team', ['a', 'b', 'c']],
      ['!team', ['d']],
      ['team=', ['c']],
      ['team,tier', ['a', 'b']],
      ['team in (blue,red),tier!=1', ['b']],
      ['tier>1', ['b']],
      ['tier<2', ['a']],
      ['team in (blue,)', ['a', 'c']],
      ['', ['a', 'b', 'c', 'd']],
      [' team = blue , tier ', ['a']],
    ])('select by the labels "%s"', async (labelSelector, expected) => {
      await fill()
      expect(await select({ labelSelector })).toEqual(expected)
    })

    it.each([
      ['metadata.name=b', ['b']],
      ['metadata.name!=b', ['a', 'c', 'd']],
      ['spec.deviceType=cloud', ['b', 'c']],
      ['spec.deviceType==cloud,metadata.name!=c', ['b']],
      ['status.gateway=', ['a', 'b', 'c', 'd']],
      ['status.gateway=replica-0', []],
    ])('select by the fields "%s"', async (fieldSelector, expected) => {
      await fill()
      expect(await select({ fieldSelector })).toEqual(expected)
    })

    it('select by a field of the status', async () => {
      await fill()
      const device = await bench.store.get('Device', { namespace: bench.mine, name: 'c' })
      await bench.store.updateStatus('Device', { ...device, status: aDeviceStatus() })
      expect(await select({ fieldSelector: 'status.gateway=replica-0' })).toEqual(['c'])
    })

    it('select by namespace', async () => {
      await fill()
      const fieldSelector = `metadata.namespace=${bench.theirs}`
      expect(await select({ fieldSelector })).toEqual([])
    })

    it('select by labels and fields together', async () => {
      await fill()
      const selection = { labelSelector: 'team', fieldSelector: 'spec.deviceType=cloud' }
      expect(await select(selection)).toEqual(['b', 'c'])
    })

    it.each(['team=blue,', 'team in blue', 'a b', '=x', 'team=-bad-', '!', 'team in ()', 'a=b=c'])(
      'refuse the label selector "%s"',
      async (labelSelector) => {
        await expect(select({ labelSelector })).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
      },
    )

    it.each(['spec.displayName=Mac', 'metadata.uid=1', 'spec.deviceType', 'a>b'])(
      'refuse the field selector "%s"',
      async (fieldSelector) => {
        await expect(select({ fieldSelector })).rejects.toMatchObject({ code: 'REQUEST_MALFORMED' })
      },
    )
  })
}
