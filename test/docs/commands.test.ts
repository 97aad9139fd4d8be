import type { Command } from 'commander'
import { expect, it } from 'vitest'

import { createProgram } from '#cli/program.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'
import { readSource } from '#test/support/source-text.ts'

const DOCUMENTS = [
  'README.md',
  'docs/commands.md',
  'docs/api.md',
  'docs/resources.md',
  'docs/devices.md',
  'docs/operating.md',
  'docs/layers.md',
]

it.each(DOCUMENTS)('types only commands and flags that exist in %s', (path) => {
  const program = createProgram()
  const lines = commandLinesIn(readSource(path))
  expect(lines.flatMap((line) => mistakesIn(program, line))).toEqual([])
})

it('lists every command, and no other', () => {
  const program = createProgram()
  const listed = columnOf(tableOf(readMarkdown('docs/commands.md'), 'Command line', 'command'), 'command')
  const names = listed.map((line) => nameOf(program, line.replace(/^runtimeconfig /, '')))
  expect(names.toSorted()).toEqual(leavesOf(program).toSorted())
})

it('lists the flags of the agent', () => {
  const agent = createProgram().commands.find((command) => command.name() === 'agent')
  const table = readMarkdown('docs/devices.md').tables.find(({ columns }) => columns[0] === 'flag')
  const general = new Set(['--log-level', '--log-format', '--output', '--config'])
  const known = (agent?.options ?? []).map(({ long }) => long ?? '').filter((flag) => !general.has(flag))
  expect(table?.rows.map(([flag]) => flag).toSorted()).toEqual(known.toSorted())
})

/** Each `runtimeconfig …` up to the end of its line, cell or pipe. */
function commandLinesIn(text: string): readonly string[] {
  return [...text.matchAll(/(?:npx |^| )runtimeconfig ((?:[a-z]|--)[^\n`|>#·]*)/gm)].map(([, line = '']) =>
    line.trim(),
  )
}

function wordsOf(line: string): readonly string[] {
  return line.split(/\s+/).filter((word) => word !== '')
}

function commandOf(program: Command, line: string): Command {
  let command = program
  for (const word of wordsOf(line)) {
    const next = command.commands.find((one) => one.name() === word)
    if (next === undefined) break
    command = next
  }
  return command
}

function nameOf(program: Command, line: string): string {
  const names: string[] = []
  for (let at: Command | null = commandOf(program, line); at !== null; at = at.parent)
    names.unshift(at.name())
  return names.slice(1).join(' ')
}

function leavesOf(command: Command, path: readonly string[] = []): readonly string[] {
  if (command.commands.length === 0) return [path.join(' ')]
  return command.commands.flatMap((one) => leavesOf(one, [...path, one.name()]))
}

function mistakesIn(program: Command, line: string): readonly string[] {
  const command = commandOf(program, line)
  const flags = wordsOf(line).filter((word) => word.startsWith('--'))
  // A group takes the flags of its default, which is its first command.
  const options =
    command === program ? [] : [command, ...command.commands.slice(0, 1)].flatMap((one) => one.options)
  const known = new Set([...options.map(({ long }) => long), '--help', '--version'])
  const isCommand = command !== program || flags.length > 0
  return [
    ...(isCommand ? [] : [`${line}: no such command`]),
    ...flags.filter((flag) => !known.has(flag)).map((flag) => `${line}: no flag ${flag}`),
  ]
}
