import { request as httpRequest } from 'node:http'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { PeerMessages } from '#api/peers/messages.ts'
import { COMMANDS, EXPLANATIONS, SYNCS } from '#api/peers/questions.ts'
import { Secret } from '#core/secret.ts'
import { createSealer } from '#secrets/seal.ts'
import { aKeyring } from '#test/support/keys.ts'
import { countsOf, startReplicas, type TestReplicas } from '#test/support/peers.ts'

const CANARY = 'canary-secret'
const TARGET = { targetPath: '~/.codex/auth.json', homeVariable: null }
const READ = {
  device: { namespace: 'user-7', deviceId: 'device-1' },
  command: { key: 'read_runtime_auth_file', runtime: 'codex', target: TARGET },
}

interface Posted {
  readonly path?: string
  readonly method?: string
  readonly token?: string | null
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Problem {
  readonly status: number
  readonly code: string
  readonly detail: string
}

/** Two replicas, the keyring they share, and a way to say anything at all to `b`. */
async function aTarget() {
  const keyring = aKeyring()
  const replicas = await startReplicas({ keyrings: { a: keyring, b: keyring } })
  const sealer = createSealer(keyring)
  const a = new PeerMessages({ replica: 'a', sealer, clock: replicas.clock })
  const acted: string[] = []
  replicas.get('b').own.commands = { send: async () => (acted.push('command'), await new Promise(() => {})) }
  return { replicas, a, acted, post: (posted: Posted) => post(replicas, posted) }
}

async function post(replicas: TestReplicas, posted: Posted): Promise<Problem> {
  const { path = COMMANDS.path, method = 'POST', token = 'token-of-a', body, headers = {} } = posted
  const answer = await fetch(`${replicas.get('b').url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  })
  const problem = JSON.parse(await answer.text()) as Problem
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    problem.status,
    'application/problem+json; charset=utf-8',
  ])
  return problem
}

describe('whoever is no replica', () => {
  it.each([
    ['no token', null, 401, 'UNAUTHENTICATED'],
    ['a token that nobody knows', 'unknown', 401, 'UNAUTHENTICATED'],
    ['a token for another audience', 'for-the-api-server', 401, 'UNAUTHENTICATED'],
    ['a token of another service account', 'of-somebody', 403, 'FORBIDDEN'],
  ] as const)('is turned away with %s, before anything is read', async (...row) => {
    const [, token, status, code] = row
    const { replicas, post, acted, a } = await aTarget()
    replicas.reviews.issue('for-the-api-server', { audience: 'https://kubernetes.default.svc' })
    replicas.reviews.issue('of-somebody', { username: 'system:serviceaccount:default:default' })
    const content = { subject: COMMANDS.subjectOf(READ as never), text: new Secret(JSON.stringify(READ)) }
    const { body } = await a.ask('b', COMMANDS.path, content)

    expect(await post({ token, body })).toMatchObject({ status, code })
    expect(acted).toEqual([])
    expect(await countsOf(replicas.get('b'))).toEqual({ 'commands rejected': 1 })
  })

  it('shows in the log, once a minute for each reason', async () => {
    const { replicas, post } = await aTarget()
    const { log } = replicas.get('b')
    for (let time = 0; time < 3; time += 1) await post({ token: 'unknown' })
    await post({ body: 'nonsense' })
    expect(log).toEqual([
      'a question to this replica was refused {"path":"/internal/v1/commands","code":"UNAUTHENTICATED","reason":"expected a token of a replica, for runtime-config-operator/peers"}',
      expect.stringContaining('"code":"REQUEST_MALFORMED"'),
    ])
    await replicas.clock.advance(60_000)
    await post({ token: 'unknown' })

    expect(log).toHaveLength(3)
  })

  it('finds nothing else here', async () => {
    const { replicas, post } = await aTarget()

    expect(await post({ path: '/users/me', method: 'GET', token: null })).toMatchObject({ status: 404 })
    expect(await post({ path: COMMANDS.path, method: 'GET' })).toMatchObject({ status: 404 })
    expect(await countsOf(replicas.get('b'))).toEqual({ 'other rejected': 2 })
  })
})

describe('a replica that says something unusable', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', 'nonsense'],
    ['a list', '[]'],
    ['something else', '{"device":"x"}'],
    ['nested lists', '['.repeat(100_000)],
    [
      'too much in an envelope',
      JSON.stringify({ from: 'a', to: 'b', id: 'x', subject: '', sealed: '', more: 1 }),
    ],
  ])('is told so: %s', async (_what, body) => {
    const { post } = await aTarget()

    expect(await post({ body })).toEqual({
      type: 'about:blank',
      title: 'Request is malformed',
      status: 400,
      code: 'REQUEST_MALFORMED',
      detail: 'the message of a replica cannot be used: expected { from, to, id, subject, sealed }',
    })
  })

  it.each([
    ['too large', { body: 'x'.repeat(6_291_457) }, 413, 'BODY_TOO_LARGE'],
    ['compressed', { body: '{}', headers: { 'content-encoding': 'gzip' } }, 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [
      'no JSON by its type',
      { body: 'x', headers: { 'content-type': 'text/html' } },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    ],
  ] as const)('is told that its body is %s', async (...row) => {
    const [, posted, status, code] = row
    const { post } = await aTarget()

    expect(await post(posted)).toMatchObject({ status, code })
  })

  it('is told that its body is too large before it has sent all of it', async () => {
    const { replicas } = await aTarget()
    const headers = { authorization: 'Bearer token-of-a', 'transfer-encoding': 'chunked' }
    const outgoing = httpRequest(`${replicas.get('b').url}${COMMANDS.path}`, { method: 'POST', headers })
    outgoing.on('error', () => {})
    const status = await new Promise((resolve) => {
      outgoing.on('response', (answer) => resolve(answer.statusCode))
      for (let sent = 0; sent < 7; sent += 1) outgoing.write('x'.repeat(1_048_576))
    })
    outgoing.destroy()

    expect(status).toBe(413)
  })

  it.each([
    [
      'another device than its message says',
      COMMANDS.path,
      ['user-7', 'device-2', 'read_runtime_auth_file'],
      READ,
    ],
    ['another command', COMMANDS.path, ['user-7', 'device-1', 'sync_runtime_auth_file'], READ],
    [
      'other devices',
      SYNCS.path,
      ['user-7', 'codex', 'a'],
      { namespace: 'user-7', runtime: 'codex', deviceIds: ['b'] },
    ],
  ] as const)('about %s is refused', async (...row) => {
    const [, path, subject, question] = row
    const { a, post, acted } = await aTarget()
    const { body } = await a.ask('b', path, { subject, text: new Secret(JSON.stringify(question)) })

    expect(await post({ path, body })).toMatchObject({
      status: 400,
      detail: 'a replica asks about something else than its message says',
    })
    expect(acted).toEqual([])
  })

  it.each([
    ['no JSON', COMMANDS.path, CANARY],
    ['no command', COMMANDS.path, JSON.stringify({ ...READ, command: { key: CANARY } })],
    [
      'a command without its parts',
      COMMANDS.path,
      JSON.stringify({ ...READ, command: { key: 'probe_proxy' } }),
    ],
    [
      'a content that is no text',
      COMMANDS.path,
      JSON.stringify({
        ...READ,
        command: { ...READ.command, key: 'sync_runtime_auth_file', content: [CANARY] },
      }),
    ],
    [
      'too many devices',
      SYNCS.path,
      JSON.stringify({ namespace: 'x', runtime: 'y', deviceIds: Array.from({ length: 501 }, () => 'd') }),
    ],
    [
      'too many explanations',
      EXPLANATIONS.path,
      JSON.stringify({
        items: Array.from({ length: 501 }, () => ({ namespace: 'x', deviceId: 'd', runtime: 'y' })),
      }),
    ],
  ])('sealed properly with %s in it is told where, and not what', async (_what, path, text) => {
    const { a, post } = await aTarget()
    const { body } = await a.ask('b', path, { subject: [], text: new Secret(text) })
    const problem = await post({ path, body })

    expect(problem).toMatchObject({ status: 400, code: 'REQUEST_MALFORMED' })
    expect(problem.detail).toMatch(/^a replica says something else than expected at '[\w.]*'$/)
    expect(problem.detail).not.toContain(CANARY)
  })

  it('is never answered with a bug, whatever is in its sealed message', async () => {
    const { a, post, replicas } = await aTarget()
    const kinds = [COMMANDS, SYNCS, EXPLANATIONS].map(({ path }) => path)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.jsonValue(), async (path, value) => {
        const { body } = await a.ask('b', path, { subject: [], text: new Secret(JSON.stringify(value)) })
        expect(await post({ path, body })).toMatchObject({ status: 400 })
      }),
      { numRuns: 60 },
    )
    expect(
      replicas.get('b').log.filter((line) => !line.startsWith('a question to this replica was refused')),
    ).toEqual([])
  })
})

describe('a message that somebody overheard', () => {
  it('does nothing a second time, a minute later, or at another place', async () => {
    const { a, post, replicas, acted } = await aTarget()
    const content = { subject: COMMANDS.subjectOf(READ as never), text: new Secret(JSON.stringify(READ)) }
    const { body } = await a.ask('b', COMMANDS.path, content)
    void fetch(`${replicas.get('b').url}${COMMANDS.path}`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-of-a', 'content-type': 'application/json' },
      body,
    }).catch(() => {})
    while (acted.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const again = await post({ body })
    const elsewhere = await post({ path: SYNCS.path, body })
    await replicas.clock.advance(65_000)
    const later = await post({ body })

    expect([again.detail, elsewhere.detail, later.detail].map((detail) => detail.split(': ')[1])).toEqual([
      'it came before',
      'it does not open',
      'it is too old',
    ])
    expect(acted).toEqual(['command'])
  })
})
