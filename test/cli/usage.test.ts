import type { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createProgram } from '#cli/program.ts'
import { VERSION } from '#cli/version.ts'
import { openTerminal, refusal, type Terminal } from '#test/support/terminal.ts'

let terminal: Terminal
beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal[Symbol.asyncDispose]())

describe('a command line that is wrong', () => {
  it.concurrent.each([
    ['srve', "unknown command 'srve'\n(Did you mean serve?)"],
    ['devices --outptu json', "unknown option '--outptu'\n(Did you mean --output?)"],
    ['devices --output xml', argument('--output <format>', 'xml', 'Allowed choices are text, json.')],
    ['devices extra', "too many arguments for 'devices'. Expected 0 arguments but got 1: extra."],
    ['explain laptop', "missing required argument 'runtime'"],
    ['agent --type x', argument('--type <type>', 'x', 'Allowed choices are local, app, cloud, remote.')],
    ['agent --device-id ', argument('--device-id <id>', '', 'Expected 1 to 100 characters, got 0.')],
    [
      `agent --name ${'n'.repeat(101)}`,
      argument('--name <name>', 'n'.repeat(101), 'Expected 1 to 100 characters, got 101.'),
    ],
    [
      'runtimes enabel codex',
      'unknown command "enabel"; expected one of list, upload, import, enable, disable, enable-proxy, disable-proxy, remove, sync',
    ],
    ['proxy sett', 'unknown command "sett"; expected one of show, set, clear, test'],
    ['users bob', 'unknown command "bob"; expected one of list, deactivate, activate'],
    ['token create', 'expected --user NAME or --device ID'],
    ['token create --user a --name b', '--name is for device tokens only'],
    ['token create --user a --device b', "option '--device <id>' cannot be used with option '--user <name>'"],
    [
      'token create --device b --scope admin',
      "option '--device <id>' cannot be used with option '--scope <scope...>'",
    ],
    [
      'token create --device b --save',
      '--save needs a file for a device token, such as --save laptop.token: it would replace your own token',
    ],
    [
      'token create --user a --scope root',
      argument('--scope <scope...>', 'root', 'Allowed choices are user, execution, admin.'),
    ],
    [
      'token create --user a --expires 5y',
      argument(
        '--expires <duration>',
        '5y',
        'Expected a duration such as 12h, 7d or 52w, at most ten years.',
      ),
    ],
  ])('exits with 64 and says why: %s', async (line, message) => {
    expect(await terminal.run(line)).toEqual(refusal(64, message))
  })

  it.concurrent.each(['', 'token'])(
    'exits with 64 and shows the help when there is no command: %j',
    async (line) => {
      const { code, stdout, stderr } = await terminal.shell(`runtimeconfig ${line}`)
      expect([code, stdout, stderr]).toEqual([64, '', expect.stringMatching(/^Usage: runtimeconfig/)])
    },
  )
})

describe('help', () => {
  it.concurrent.each(['--help', 'help', 'serve --help', 'help agent', 'token create --help'])(
    'is a result: %s exits with 0 and writes to stdout only',
    async (line) => {
      expect(await terminal.run(line)).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^Usage: runtimeconfig[^]*Examples:\n {2}runtimeconfig/),
        stderr: '',
      })
    },
  )

  it('says which version it is', async () => {
    expect(await terminal.run('--version')).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' })
  })

  it.each(leavesOf(createProgram()))('shows an example of %s, which the command line understands', (path) => {
    const examples = examplesOf(path)
    expect(examples.filter((line) => isUnderstood(line))).toEqual(examples)
    expect(examples.some((line) => line.includes(path))).toBe(true)
  })

  it('says where the id of a device comes from', () => {
    expect(helpOf('agent').replaceAll(/\s+/g, ' ')).toContain(
      '(default: made at the first start, as <host>-<8 hex>, and kept in --state)',
    )
  })
})

function argument(option: string, value: string, why: string): string {
  return `option '${option}' argument '${value}' is invalid. ${why}`
}

function leavesOf(command: Command, path: readonly string[] = []): readonly string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((one) => leavesOf(one, [...path, one.name()]))
}

function commandAt(path: string): Command {
  return path.split(' ').reduce((command: Command, name) => {
    const next = command.commands.find((one) => one.name() === name)
    if (next === undefined) throw new Error(`no command ${path}`)
    return next
  }, createProgram())
}

function helpOf(path: string): string {
  const written: string[] = []
  const command = commandAt(path)
  command.configureOutput({ writeOut: (text) => void written.push(text) }).outputHelp()
  return written.join('')
}

function examplesOf(path: string): readonly string[] {
  const [, examples = ''] = helpOf(path).split('Examples:\n')
  return examples
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** Parses the example as far as flags and arguments go; the action is replaced. */
function isUnderstood(line: string): boolean {
  const words =
    line
      .replace(/^[A-Z_]+=\S+ /, '')
      .split(/ (?:<<<|>) /)[0]
      ?.split(' ')
      .slice(1) ?? []
  const program = createProgram()
  let isRun = false
  const silence = (command: Command): void => {
    command.configureOutput({ writeErr: () => {} }).action(() => {
      isRun = true
    })
    for (const one of command.commands) silence(one)
  }
  for (const one of program.commands) silence(one)
  program.parse(words, { from: 'user' })
  return isRun
}
