import { describe, expect, it } from 'vitest'

import { fleetCommands } from '#api/peers/fleet-commands.ts'
import type { DeviceCommand } from '#core/device-command.ts'
import { deviceNameOf } from '#core/device-name.ts'
import { AppError, type ErrorCode } from '#core/errors.ts'
import type { Device } from '#crds/types/device.ts'
import { aCommandResult, aDeviceReport } from '#test/support/api-devices.ts'

const KEY = { namespace: 'user-1', deviceId: 'device-1' }
const READ: DeviceCommand = {
  key: 'read_runtime_auth_file',
  runtime: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: null },
}

/** Where the device is as this replica (`a`) sees it, and who refuses to send. */
interface Setup {
  readonly isConnected?: boolean
  readonly gateway?: string | null
  /** Of the connection here, and of the one that its object tells of. */
  readonly fences?: { readonly here: number; readonly written: number }
  readonly refusals?: Readonly<Record<string, ErrorCode>>
  /** Happens when a replica refuses: the device moves. */
  readonly onRefusal?: (state: { isConnected: boolean; gateway: string | null }) => void
}

/** Sends one command, and tells who was asked for it and what came of it. */
async function outcomeOf({ isConnected = false, gateway = null, fences, refusals = {}, onRefusal }: Setup) {
  const state = { isConnected, gateway }
  const asked: string[] = []
  const send = async (replica: string) => {
    asked.push(replica)
    const code = refusals[replica]
    if (code === undefined) return aCommandResult({ path: replica })
    onRefusal?.(state)
    throw new AppError(code, `${replica} refuses`)
  }
  const commands = fleetCommands(
    { send: () => send('a') },
    {
      replica: 'a',
      directory: {
        get: () => (state.isConnected ? aDeviceReport(fences && { fence: fences.here }) : undefined),
      },
      devices: { get: () => (state.gateway === null ? undefined : aDevice(state.gateway, fences?.written)) },
      peers: { send: (replica) => send(replica) },
    },
  )
  const outcome = await commands.send(KEY, READ).then(
    ({ path }) => path,
    (error: AppError) => error.code,
  )
  return { asked, outcome }
}

function aDevice(gateway: string, gatewayFence?: number): Device {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Device',
    metadata: { name: deviceNameOf(KEY.deviceId), namespace: KEY.namespace },
    spec: { deviceId: KEY.deviceId, displayName: 'Laptop', deviceType: 'local' },
    status: gateway === '' ? {} : { gateway, ...(gatewayFence !== undefined && { gatewayFence }) },
  }
}

describe('a command', () => {
  it.each<[string, Setup, string]>([
    ['a device that is connected here', { isConnected: true, gateway: 'b' }, 'a'],
    ['a device of another replica', { gateway: 'b' }, 'b'],
    ['a device that is written down as ours', { gateway: 'a' }, 'a'],
    ['a device that nobody holds', { gateway: '' }, 'a'],
    [
      'a device that came here later',
      { isConnected: true, gateway: 'b', fences: { here: 2, written: 1 } },
      'a',
    ],
    [
      'a device that went there later',
      { isConnected: true, gateway: 'b', fences: { here: 1, written: 2 } },
      'b',
    ],
    ['a device that nobody knows', {}, 'a'],
  ])('for %s goes one way', async (_what, setup, replica) => {
    expect(await outcomeOf(setup)).toEqual({ asked: [replica], outcome: replica })
  })

  it.each<ErrorCode>(['DEVICE_OFFLINE', 'DEVICE_TIMEOUT', 'DEVICE_UNSUPPORTED'])(
    'is refused with what the other replica refuses with: %s',
    async (code) => {
      expect(await outcomeOf({ gateway: 'b', refusals: { b: code } })).toEqual({
        asked: ['b'],
        outcome: code,
      })
    },
  )

  it('follows a device that moved to another replica meanwhile', async () => {
    const setup: Setup = {
      gateway: 'b',
      refusals: { b: 'DEVICE_OFFLINE' },
      onRefusal: (state) => void (state.gateway = 'c'),
    }

    expect(await outcomeOf(setup)).toEqual({ asked: ['b', 'c'], outcome: 'c' })
  })

  it('follows a device that moved here, or away from here', async () => {
    const arriving: Setup = {
      gateway: 'b',
      refusals: { b: 'DEVICE_OFFLINE' },
      onRefusal: (state) => void (state.isConnected = true),
    }
    const leaving: Setup = {
      isConnected: true,
      gateway: 'b',
      refusals: { a: 'DEVICE_OFFLINE' },
      onRefusal: (state) => void (state.isConnected = false),
    }

    expect(await outcomeOf(arriving)).toEqual({ asked: ['b', 'a'], outcome: 'a' })
    expect(await outcomeOf(leaving)).toEqual({ asked: ['a', 'b'], outcome: 'b' })
  })

  it('is tried once more, not for ever', async () => {
    const gateways = ['c', 'd', 'e']
    const setup: Setup = {
      gateway: 'b',
      refusals: { b: 'DEVICE_OFFLINE', c: 'DEVICE_OFFLINE', d: 'DEVICE_OFFLINE' },
      onRefusal: (state) => void (state.gateway = gateways.shift() ?? null),
    }

    expect(await outcomeOf(setup)).toEqual({ asked: ['b', 'c'], outcome: 'DEVICE_OFFLINE' })
  })

  it('is not sent again when it may have been carried out', async () => {
    const setup: Setup = {
      gateway: 'b',
      refusals: { b: 'DEVICE_TIMEOUT' },
      onRefusal: (state) => void (state.gateway = 'c'),
    }

    expect(await outcomeOf(setup)).toEqual({ asked: ['b'], outcome: 'DEVICE_TIMEOUT' })
  })
})
