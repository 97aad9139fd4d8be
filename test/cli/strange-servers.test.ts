import { createServer, type ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { type Listening, listen } from '#test/support/proxies.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  html: (response) => void response.end('<html>a captive portal</html>'),
  none: (response) => void response.writeHead(204).end(),
  other: (response) => void response.end('{"items":[{"name":"something else"}]}'),
  null: (response) => void response.end('null'),
  cut: (response) =>
    void response.writeHead(200, { 'content-length': 99 }).write('{', () => response.destroy()),
  redirect: (response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/login' }).end(),
  bytes: (response) => void response.end(Buffer.from([0xff, 0xfe])),
  broken: (response) => void response.writeHead(500).end('boom'),
  failing: (response) => problem(response, 500, 'INTERNAL'),
  misconfigured: (response) => problem(response, 503, 'SETTING_INVALID'),
  refusing: (response) => problem(response, 403, 'FORBIDDEN'),
  mute: (response) => void response.writeHead(401).end('{}'),
  newer: (response) => problem(response, 418, 'CODE_OF_A_NEWER_SERVER'),
}

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(JSON.stringify({ status, code, detail: `a sentence about ${code}` }))
}

let server: Listening
let silent: Listening
let terminal: Terminal
const bodies: string[] = []

beforeAll(async () => {
  const http = createServer((request, response) => {
    bodies.push(request.url ?? '')
    const [, name = ''] = (request.url ?? '').split('/')
    ANSWERS[name]?.(response)
  })
  server = await listen(http)
  silent = await listen(createTcpServer((socket) => socket.destroy()))
  terminal = await openTerminal()
  await terminal.write('token', 'any-token')
})
afterAll(async () => {
  await Promise.all([server[Symbol.asyncDispose](), silent[Symbol.asyncDispose]()])
  await terminal[Symbol.asyncDispose]()
})

function urlOf(name: string): string {
  return `http://127.0.0.1:${server.port}/${name}`
}

function devices(url: string) {
  return terminal.run(`devices --server ${url} --token-file token`)
}

describe('a command', () => {
  const OURS = 'expected the JSON of a runtimeconfig server from'
  const OTHER = 'name another address with --server URL'

  it.concurrent.each([
    ['html', 69, `${OURS} URL/users/me/devices, got something else with status 200; ${OTHER}`],
    ['none', 69, `${OURS} URL/users/me/devices, got an answer that does not fit (the whole of it); ${OTHER}`],
    [
      'other',
      69,
      `${OURS} URL/users/me/devices, got an answer that does not fit (items.0.device_id); ${OTHER}`,
    ],
    ['null', 69, `${OURS} URL/users/me/devices, got an answer that does not fit (the whole of it); ${OTHER}`],
    ['cut', 69, 'the answer of URL broke off; try again, and look at the log of the server'],
    [
      'redirect',
      69,
      'URL/users/me/devices answered 307, a redirect; name the address it leads to with --server URL',
    ],
    ['bytes', 69, `${OURS} URL/users/me/devices, got something else with status 200; ${OTHER}`],
    ['broken', 69, `${OURS} URL/users/me/devices, got something else with status 500; ${OTHER}`],
    ['failing', 69, 'a sentence about INTERNAL'],
    ['misconfigured', 69, 'a sentence about SETTING_INVALID'],
    ['refusing', 77, 'a sentence about FORBIDDEN'],
    ['mute', 77, 'URL/users/me/devices answered 401 and did not say why'],
    ['newer', 1, 'a sentence about CODE_OF_A_NEWER_SERVER'],
  ])('is refused in a sentence by a server that is %s, with exit code %i', async (name, code, message) => {
    const said = message.replace(/^(.*?)URL/, `$1${urlOf(name)}`)
    expect(await devices(urlOf(name))).toEqual(refusal(code, said))
  })

  it.concurrent.each<[string, () => string]>([
    ['nothing listens', () => 'http://127.0.0.1:1'],
    ['the name does not exist', () => 'http://no-such-host.invalid'],
    ['the connection is dropped', () => `http://127.0.0.1:${silent.port}`],
    ['it is asked for TLS and has none', () => `https://127.0.0.1:${server.port}`],
  ])('exits with 69 when %s', async (_why, url) => {
    const message = `no answer from ${url()}; is the server running there? start it with: runtimeconfig serve, or name another one with --server URL`
    expect(await devices(url())).toEqual(refusal(69, message))
  })

  it('takes no login to the address that a redirect names', async () => {
    const login = await terminal.write('auth.json', '{"OPENAI_API_KEY":"k"}')
    const line = `runtimes upload codex ${login} --server ${urlOf('redirect')} --token-file token`
    expect((await terminal.run(line)).code).toBe(69)
    expect(bodies.filter((url) => url.endsWith('/auth-json'))).toEqual([
      '/redirect/users/me/runtime-configs/codex/auth-json',
    ])
  })

  it('is ended by Ctrl-C while a server does not answer', async () => {
    const asked = Promise.withResolvers<void>()
    await using hanging = await listen(createServer(() => asked.resolve()))
    const line = `devices --server http://127.0.0.1:${hanging.port} --token-file token`
    const { child, ended } = terminal.start(line)
    await asked.promise
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: null, stdout: '', stderr: '' })
  })
})

describe('a token file', () => {
  const MAKE = 'make one with: runtimeconfig token create --user NAME --save'

  it.concurrent.each([
    ['is not there', 'missing', [null, 'be read']],
    ['is empty', 'empty', ['', 'hold']],
    ['holds two lines', 'lines', ['one\ntwo\n', 'hold']],
    ['holds bytes', 'garbage', [new Uint8Array([0xff, 0x00]), 'hold']],
    ['is huge', 'huge', ['x'.repeat(100_000), 'hold']],
  ] as const)(
    'that %s makes a command exit with 77 before it asks anybody',
    async (_what, name, [text, kind]) => {
      if (text !== null) await terminal.write(name, text)
      const path = terminal.path(name)
      const message =
        kind === 'hold'
          ? `expected ${path} to hold one token and nothing else; ${MAKE}`
          : `expected a token in ${path}, which cannot be read; ${MAKE}`
      for (const line of ['devices', 'agent']) {
        expect(await terminal.run(`${line} --server ${urlOf('html')}/${name} --token-file ${name}`)).toEqual(
          refusal(77, message),
        )
      }
      expect(bodies.filter((url) => url.includes(name))).toEqual([])
    },
  )
})

describe('doctor', () => {
  async function findings(url: string) {
    const { code, stdout, stderr } = await terminal.run(
      `doctor --server ${url} --token-file token --output json`,
    )
    const report = JSON.parse(stdout) as {
      readonly healthy: boolean
      readonly findings: readonly {
        readonly check: string
        readonly verdict: string
        readonly advice: string
      }[]
    }
    const found = report.findings.map(({ check, verdict }) => `${check}: ${verdict}`)
    return { code, stderr, healthy: report.healthy, found, advice: report.findings.at(-1)?.advice }
  }

  it('says that nothing answers', async () => {
    expect(await findings('http://127.0.0.1:1')).toEqual({
      code: 1,
      stderr: '',
      healthy: false,
      found: ['data folder: skipped', 'server: problem', 'device channel: skipped', 'token: skipped'],
      advice: null,
    })
  })

  it.concurrent.each([
    ['html', 'ok', 'name the right server with --server URL'],
    ['other', 'ok', 'name the right server with --server URL'],
    ['cut', 'ok', 'name the right server with --server URL'],
    ['failing', 'warning', 'name the right server with --server URL'],
    ['refusing', 'warning', 'make one with: runtimeconfig token create --user NAME --save'],
  ])('says what is odd about a server that is %s', async (name, verdict, advice) => {
    expect(await findings(urlOf(name))).toEqual({
      code: 1,
      stderr: '',
      healthy: false,
      found: [
        'data folder: skipped',
        `server: ${verdict}`,
        'clock: ok',
        'device channel: problem',
        'token: problem',
      ],
      advice,
    })
  })
})
