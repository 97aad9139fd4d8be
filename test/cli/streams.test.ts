import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openTerminal, type Terminal } from '#test/support/terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal[Symbol.asyncDispose]())

describe('where a command writes', () => {
  it('may go away before it is done', async () => {
    const script =
      'runtimeconfig config --output json | { read -r line; echo "$line"; }; echo "${PIPESTATUS[0]}"'
    expect(await terminal.shell(script)).toEqual({ code: 0, stdout: '{\n0\n', stderr: '' })
  })

  it.each(['config', 'config --output json', '--help', '--version'])(
    'may be gone from the start: %s',
    async (line) => {
      // The reader has ended for sure when its end of the named pipe is opened and closed before the writer starts.
      const script = `mkfifo -m 600 p; exec 3<>p; exec 4>p; exec 3<&-; runtimeconfig ${line} >&4; echo $?; rm p`
      expect(await terminal.shell(script)).toEqual({ code: 0, stdout: '0\n', stderr: '' })
    },
  )

  it('may be closed', async () => {
    expect(await terminal.shell('runtimeconfig config >&-; echo $?')).toMatchObject({ stdout: '0\n' })
    expect(await terminal.shell('runtimeconfig srve 2>&-; echo $?')).toMatchObject({ stdout: '64\n' })
  })

  it('may be full, which is a failure in a sentence', async () => {
    expect(await terminal.shell('runtimeconfig config > /dev/full')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: the result cannot be written to stdout: ENOSPC\n',
    })
    expect(await terminal.shell('runtimeconfig srve 2> /dev/full')).toMatchObject({ code: 64 })
  })
})

describe('where a command reads', () => {
  const server = '--server http://127.0.0.1:1 --token-file token'
  // Once for all of them: they run side by side, and one would find the file empty that another is writing.
  beforeAll(() => terminal.write('token', 'any-token'))

  it.concurrent.each([
    ['closed', `runtimeconfig proxy set ${server} <&-`, 'expected text from stdin, got nothing'],
    ['empty', `runtimeconfig proxy set ${server} </dev/null`, 'expected text from stdin, got nothing'],
    [
      'blank',
      `echo | runtimeconfig runtimes upload codex ${server}`,
      'expected text from stdin, got nothing',
    ],
    [
      'not UTF-8',
      String.raw`printf '{"OPENAI_API_KEY":"\xff"}' | runtimeconfig runtimes upload codex ` + server,
      'expected stdin to be UTF-8 text',
    ],
    [
      'endless',
      `runtimeconfig runtimes upload codex ${server} </dev/zero`,
      'expected stdin to be at most 16777216 bytes',
    ],
    [
      'an endless file',
      `runtimeconfig runtimes upload codex /dev/zero ${server}`,
      'expected /dev/zero to be at most 16777216 bytes',
    ],
    [
      'not there',
      `runtimeconfig proxy set no-such-file ${server}`,
      'expected a file at no-such-file, which cannot be read',
    ],
    ['a folder', `runtimeconfig proxy set . ${server}`, 'expected a file at ., which cannot be read'],
  ])('is refused when it is %s, before anything is sent', async (_what, script, message) => {
    expect(await terminal.shell(script)).toEqual({ code: 1, stdout: '', stderr: `error: ${message}\n` })
  })
})

describe('a bug of this program', () => {
  const broken = (code: string): string =>
    `NODE_OPTIONS='--import=data:text/javascript,${encodeURIComponent(code).replaceAll("'", '%27')}'`

  it('exits with 70 and one line', async () => {
    const code = broken('JSON.stringify = () => { throw new TypeError("broken") }')
    expect(await terminal.shell(`${code} runtimeconfig config --output json`)).toEqual({
      code: 70,
      stdout: '',
      stderr: 'error: this is a bug in runtimeconfig: TypeError: broken\n',
    })
  })

  it('exits with 70 and one line when it shows in a timer', async () => {
    const code = broken('setTimeout(() => { throw new TypeError("broken") }, 1000)')
    const script = `${code} runtimeconfig serve --listen 127.0.0.1:0 --data data --log-level silent --output json`
    const { code: exitCode, stderr } = await terminal.shell(script)
    expect([exitCode, stderr]).toEqual([70, 'error: this is a bug in runtimeconfig: TypeError: broken\n'])
  })
})
