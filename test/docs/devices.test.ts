import { expect, it } from 'vitest'

import { GATES } from '#core/auth-sync-gates.ts'
import { COMMAND_KEYS, type CommandKey } from '#protocol/command-env.ts'
import { toExecuteCommand } from '#protocol/command.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'
import { patternOf, readSource, readSources, withEllipses } from '#test/support/source-text.ts'

const DEVICES = readMarkdown('docs/devices.md')
const FAILURES = DEVICES.tables.filter(({ section }) => section === 'When something fails')

it('lists the twelve gates in their order', () => {
  expect(columnOf(tableOf(DEVICES, 'Read explain', 'gate'), 'gate')).toEqual([...GATES])
})

it('shows an explanation with the twelve gates in their order', () => {
  const text = DEVICES.blocks.find(({ language }) => language === 'text')?.text ?? ''
  expect([...text.matchAll(/^ {2}[✓✗] (\w+)/gm)].map(([, gate]) => gate)).toEqual([...GATES])
})

it('lists every reason that is not a gate, with its state, and no other', () => {
  const listed = tableOf(DEVICES, 'Read explain', 'reason').rows.map(
    ([reason, state]) => `${state}/${reason}`,
  )
  expect(listed.toSorted()).toEqual(givenReasons().toSorted())
})

// Findings are `found('State', 'Reason', …)`; a stall says its reason as a literal.
function givenReasons(): readonly string[] {
  const found = readSource('core/auth-sync-finding.ts').matchAll(/\bfound\(\s*'(\w+)',\s*'(\w+)'/g)
  const stalls = [readSource('core/auth-sync-history.ts'), readSource('controller/auth-sync/launch.ts')]
    .join('\n')
    .matchAll(/(?:reason: |STALLS\[error\.code\] \?\? |^ {2}[A-Z_]+: )'([A-Z]\w+)'/gm)
  const reasons = [
    ...[...found].map(([, state, reason = '']) => ({ state, reason })),
    ...[...stalls].map(([, reason = '']) => ({ state: 'Stalled', reason })),
  ]
  const gates = new Set<string>(GATES)
  const others = reasons.filter(({ reason }) => !gates.has(reason))
  return [...new Set(others.map(({ state, reason }) => `${state}/${reason}`))]
}

it('lists every command of a device, and who can carry it out', () => {
  const listed = tableOf(DEVICES, 'What it may do, and what not', 'command').rows.map((row) => [
    row[0],
    row[2],
    row[3],
  ])
  expect(listed).toEqual(COMMAND_KEYS.map((key) => [key, 'yes', isForExecutors(key) ? 'yes' : 'no']))
})

function isForExecutors(key: CommandKey): boolean {
  const target = { targetPath: '~/.codex/auth.json', homeVariable: null }
  const inputs = {
    sync_runtime_auth_file: { key: 'sync_runtime_auth_file', runtime: 'codex', target, content: '{}' },
    read_runtime_auth_file: { key: 'read_runtime_auth_file', runtime: 'codex', target },
    remove_runtime_auth_file: {
      key: 'remove_runtime_auth_file',
      runtime: 'codex',
      target,
      expectedDigest: 'a'.repeat(64),
    },
    probe_proxy: { key: 'probe_proxy', proxyUrl: 'http://127.0.0.1:3128' },
  } as const
  return toExecuteCommand(inputs[key], 'script') !== null
}

it('says of every failure of a device what to do about it', () => {
  const patterns = FAILURES.flatMap((table) => columnOf(table, 'text')).map(patternOf)
  const unexplained = textsOfFailures().filter((text) => !patterns.some((pattern) => pattern.test(text)))
  expect(unexplained).toEqual([])
})

function textsOfFailures(): readonly string[] {
  const agent = readSources('agent')
  const script = readSource('protocol/executor-script/auth_file.py')
  const texts = [
    ...agent.matchAll(/\b(?:badRequest|new CommandFailure)\((?:[\w.]+, )?\s*(['"`])(.+?)\1/g),
    ...readSource('agent/command-failure.ts').matchAll(/^ {2}\w+: (')(target path .+?)'/gm),
    ...readSource('protocol/command-answer.ts').matchAll(/\breturn (')(\w.+? .+?)'$/gm),
    ...script.matchAll(/\bFailure\(\d+, (")(.+?)"/g),
  ]
  return texts.map(([, , text = '']) => withEllipses(text))
}

it('explains only texts that something says', () => {
  const said = ['agent', 'api', 'controller', 'core', 'protocol']
    .map((folder) => readSources(folder))
    .join('\n')
  const fragments = FAILURES.flatMap((table) => columnOf(table, 'text')).flatMap((text) =>
    text.split('…').map((fragment) => fragment.trim()),
  )
  const unknown = fragments.filter((fragment) => fragment.length > 3 && !said.includes(fragment))
  expect(unknown).toEqual([])
})
