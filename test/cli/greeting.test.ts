import { hostname } from 'node:os'

import { expect, it } from 'vitest'

import { greetingOf } from '#cli/greeting.ts'

function commandsOf(overrides: Partial<Parameters<typeof greetingOf>[0]>): readonly string[] {
  return greetingOf({ address: 'http://127.0.0.1:8080', data: '/data', user: 'ann', ...overrides })
    .filter((line) => line.includes(' npx runtimeconfig '))
    .map((line) => line.replace(/^.* npx runtimeconfig /, ''))
}

it('names no server where every command would look by itself', () => {
  expect(commandsOf({})).toEqual([
    'token create --user ann --save --data /data',
    'runtimes upload codex ~/.codex/auth.json --enable',
    'token create --device laptop --save laptop.token',
    'agent --server http://127.0.0.1:8080 --token-file laptop.token --device-id laptop',
  ])
})

it.each([
  ['http://127.0.0.1:9', 'http://127.0.0.1:9', 'http://127.0.0.1:9'],
  ['http://10.0.0.7:8080', 'http://10.0.0.7:8080', 'http://10.0.0.7:8080'],
  ['http://0.0.0.0:9', 'http://127.0.0.1:9', `http://${hostname()}:9`],
  ['http://[::]:9', 'http://[::1]:9', `http://${hostname()}:9`],
])('when it listens on %s, sends commands here to %s and devices to %s', (address, here, there) => {
  const [, upload, , agent] = commandsOf({ address })
  expect([upload, agent]).toEqual([
    `runtimes upload codex ~/.codex/auth.json --enable --server ${here}`,
    `agent --server ${there} --token-file laptop.token --device-id laptop`,
  ])
})

it.each([
  ['/my data', "'/my data'"],
  ["/it's; rm -rf ~", String.raw`'/it'\''s; rm -rf ~'`],
  ['/$(x)`y`', "'/$(x)`y`'"],
])('quotes the folder %s for the shell', (data, quoted) => {
  expect(commandsOf({ data })[0]).toBe(`token create --user ann --save --data ${quoted}`)
})

it.each([undefined, '', 'a b', '$(x)', '--scope', '-x', 'x'.repeat(65)])(
  'names no user after the odd %j',
  (user) => {
    expect(commandsOf({ user })[0]).toBe('token create --user me --save --data /data')
  },
)
