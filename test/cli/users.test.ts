import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Installation, startInstallation } from '#test/support/installation.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let installation: Installation
let terminal: Terminal

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await terminal.write('.config/runtimeconfig/token', await installation.token('root', ['admin']))
  await terminal.write('bob.token', await installation.token('bob'))
  await terminal.json('users list')
  await terminal.json('devices --token-file bob.token')
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

const BOB = { name: 'bob', email: null, role: 'user', is_active: true, namespace: 'user-2' }

it('shows an administrator who there is', async () => {
  const items = [BOB, { name: 'root', email: null, role: 'admin', is_active: true, namespace: 'user-1' }]
  expect(await terminal.json('users list')).toEqual({ items })
  expect(await terminal.run('users')).toEqual({
    code: 0,
    stdout: [
      'NAME  ACTIVE  ROLE   NAMESPACE  EMAIL',
      'bob   yes     user   user-2     ',
      'root  yes     admin  user-1     \n',
    ].join('\n'),
    stderr: '',
  })
})

it('locks somebody out, and lets them in again', async () => {
  expect(await terminal.json('users deactivate bob')).toEqual({ ...BOB, is_active: false })
  expect((await terminal.run('devices --token-file bob.token')).code).toBe(77)
  expect(await terminal.run('users deactivate bob')).toEqual({
    code: 0,
    stdout: 'bob is deactivated: their tokens are refused and their devices disconnected\n',
    stderr: '',
  })
  expect(await terminal.run('users activate bob')).toEqual({
    code: 0,
    stdout: 'bob is active: their tokens are taken again and their devices come back by themselves\n',
    stderr: '',
  })
  expect(await terminal.json('users activate bob')).toEqual(BOB)
  expect((await terminal.run('devices --token-file bob.token')).code).toBe(0)
})

it.each([
  ['users deactivate nobody', 1, 'there is no user of this name'],
  [
    'users deactivate root',
    1,
    'you cannot deactivate yourself; another administrator can, with a token of their own',
  ],
  [
    'users list --token-file bob.token',
    77,
    'expected a token with the scope admin, got one with user; use or make another token',
  ],
  [
    'users deactivate root --token-file bob.token',
    77,
    'expected a token with the scope admin, got one with user; use or make another token',
  ],
  ['users deactivate', 64, "missing required argument 'name'"],
])('refuses %s with exit code %i', async (line, code, message) => {
  expect(await terminal.run(line)).toEqual(refusal(code, message))
})
