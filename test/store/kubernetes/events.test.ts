import { beforeEach, describe, expect, it } from 'vitest'

import { AppError, type ErrorCode } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import { API_VERSION } from '#crds/group.ts'
import type { ObjectEvent } from '#store/events.ts'
import type { KubeRequest } from '#store/kubernetes/client.ts'
import { KubernetesEvents } from '#store/kubernetes/events.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

let clock: FakeClock
let sent: KubeRequest[]
let warnings: string[]
let answer: (request: KubeRequest) => Promise<unknown>
let events: KubernetesEvents

beforeEach(() => {
  clock = new FakeClock()
  sent = []
  warnings = []
  answer = async () => ({})
  const client = {
    request: async (request: KubeRequest) => {
      sent.push(request)
      return answer(request)
    },
    stream: () => {
      throw new Error('nothing is watched')
    },
    heardAt: 0,
    close: () => undefined,
  }
  const logger = { warn: (_fields: object, message: string) => void warnings.push(message) }
  events = new KubernetesEvents({ client, clock, random: () => 1, logger, reporter: 'replica-1' })
})

function anEvent(message = 'The login was written.', overrides: Partial<ObjectEvent> = {}): ObjectEvent {
  const object = {
    apiVersion: API_VERSION,
    kind: 'Device',
    metadata: { name: 'laptop', namespace: 'user-ada', uid: 'uid-1' },
    spec: { deviceId: 'laptop', displayName: 'laptop', deviceType: 'local' },
  } as const
  return { object, type: 'Normal', reason: 'Synced', message, action: 'Sync', ...overrides }
}

/** Lets what was begun get to where it waits, and then time pass. */
async function pass(ms: number): Promise<void> {
  await clock.advance(0)
  await clock.advance(ms)
}

function told(): readonly (readonly unknown[])[] {
  return sent.map(({ method, body }) => {
    const series = isRecord(body) ? body['series'] : undefined
    return [method, isRecord(series) ? series['count'] : 1]
  })
}

function fails(code: ErrorCode) {
  return async () => {
    throw new AppError(code, 'refused by the test')
  }
}

describe('an event', () => {
  it('is made at once, with everything an API server wants to know', async () => {
    events.record(anEvent())
    await pass(0)
    expect(sent).toHaveLength(1)
    const { method, path, body } = sent[0] ?? {}
    expect([method, path]).toEqual(['POST', '/apis/events.k8s.io/v1/namespaces/user-ada/events'])
    expect(body).toEqual({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: expect.stringMatching(/^laptop\.[0-9a-f]{16}$/), namespace: 'user-ada' },
      eventTime: '2026-11-21T10:00:00.000000Z',
      reportingController: 'agent.wecode.io/runtime-config-operator',
      reportingInstance: 'replica-1',
      action: 'Sync',
      reason: 'Synced',
      type: 'Normal',
      regarding: {
        apiVersion: API_VERSION,
        kind: 'Device',
        name: 'laptop',
        namespace: 'user-ada',
        uid: 'uid-1',
      },
      note: 'The login was written.',
    })
  })

  it('is counted when it happens again, and the count is told once a minute', async () => {
    for (let second = 0; second < 150; second += 1) {
      events.record(anEvent())
      await pass(1000)
    }
    expect(told()).toEqual([
      ['POST', 1],
      ['PATCH', 60],
      ['PATCH', 120],
    ])
  })

  it('is told anew when it was long ago', async () => {
    events.record(anEvent())
    await pass(6 * 60_000)
    events.record(anEvent())
    await pass(0)
    expect(told()).toEqual([
      ['POST', 1],
      ['POST', 1],
    ])
  })

  it('is made again when the API server forgot it', async () => {
    events.record(anEvent())
    await pass(0)
    answer = async ({ method }) => (method === 'PATCH' ? fails('NOT_FOUND')() : {})
    events.record(anEvent())
    await pass(60_000)
    expect(told()).toEqual([
      ['POST', 1],
      ['PATCH', 2],
      ['POST', 2],
    ])
  })

  it('costs nothing when nothing happens', async () => {
    events.record(anEvent())
    await pass(3_600_000)
    expect([sent.length, clock.pending]).toEqual([1, 0])
  })
})

describe('events in numbers', () => {
  it('are written one after the other, ten in a second', async () => {
    for (let at = 0; at < 100; at += 1) events.record(anEvent(`message ${at}`))
    await pass(1_950)
    expect(sent).toHaveLength(20)
    await pass(10_000)
    expect(sent).toHaveLength(100)
  })

  it('are lost beyond a thousand at once, which is said once', async () => {
    for (let at = 0; at < 1_500; at += 1) events.record(anEvent(`message ${at}`))
    await pass(3_600_000)
    expect([sent.length, warnings]).toEqual([1_000, ['events were not recorded: there were too many']])
    events.record(anEvent('one more'))
    await pass(0)
    expect(sent).toHaveLength(1_001)
  })
})

describe('an event that cannot be written', () => {
  it('is tried again a few times while the API server is away', async () => {
    answer = fails('STORE_UNAVAILABLE')
    events.record(anEvent())
    await pass(3_600_000)
    expect([sent.length, warnings]).toEqual([5, ['an event could not be recorded']])
  })

  it('is written when the API server comes back', async () => {
    answer = fails('STORE_UNAVAILABLE')
    events.record(anEvent())
    await pass(0)
    answer = async () => ({})
    await pass(60_000)
    expect([told(), warnings]).toEqual([
      [
        ['POST', 1],
        ['POST', 1],
      ],
      [],
    ])
  })

  it.each<ErrorCode>(['INVALID', 'REQUEST_MALFORMED'])('is given up when it is refused: %s', async (code) => {
    answer = fails(code)
    events.record(anEvent())
    await pass(3_600_000)
    expect([sent.length, warnings]).toEqual([1, ['an event could not be recorded']])
  })

  it('is there already when the answer to the first try was lost', async () => {
    answer = fails('ALREADY_EXISTS')
    events.record(anEvent())
    await pass(3_600_000)
    expect([sent.length, warnings]).toEqual([1, []])
  })

  it('fails nobody, not even when it is a bug', async () => {
    answer = async () => {
      throw new TypeError('a bug')
    }
    events.record(anEvent())
    await pass(60_000)
    expect(warnings).toEqual(['an event could not be recorded'])
  })
})

describe('when the process stops', () => {
  it('what waits is written, and nothing more is taken', async () => {
    for (let at = 0; at < 30; at += 1) events.record(anEvent(`message ${at}`))
    await events.close()
    events.record(anEvent('too late'))
    await pass(60_000)
    expect([sent.length, clock.pending]).toEqual([30, 0])
    await events.close()
  })

  it('an API server that does not answer is not waited for', async () => {
    answer = () => new Promise(() => undefined)
    events.record(anEvent())
    const closed = events.close()
    await pass(5_000)
    await closed
    expect(sent).toHaveLength(1)
  })
})
