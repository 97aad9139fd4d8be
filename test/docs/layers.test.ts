import { describe, expect, it } from 'vitest'

import { LayerLabels } from '#cli/layers/layer-label.ts'
import type { LayerName } from '#layers/layer.ts'
import { OBSERVED_CODEX, rulesFor } from '#layers/precedence.ts'
import type { LayerRules } from '#layers/rules.ts'
import { type CodeBlock, readMarkdown, tableOf } from '#test/support/markdown.ts'
import { openTerminal } from '#test/support/terminal.ts'

const DOCUMENT = readMarkdown('docs/layers.md')

describe('the documentation of layers', () => {
  it('has every layer with its precedence, the highest first', () => {
    const labels = new LayerLabels([], '/')
    const rows = ['codex', 'claude'].flatMap((runtime) =>
      Object.entries(rulesFor(runtime).precedence)
        .toSorted(([, one], [, other]) => other - one)
        .map(([type, precedence]) => [
          runtime,
          String(precedence),
          type,
          labels.kind({ type } as unknown as LayerName),
        ]),
    )
    const table = tableOf(DOCUMENT, 'Which layer wins', 'runtime')
    expect(table.rows.map((row) => row.slice(0, 4))).toEqual(rows)
  })

  it('has every rule that differs between the releases that were observed', () => {
    const [before, after] = OBSERVED_CODEX.map((version) => ruleWords(rulesFor('codex', version)))
    const differing = [...(before ?? [])]
      .map(([rule, words]) => [rule, words, after?.get(rule) ?? ''])
      .filter(([, one, other]) => one !== other)
    const table = tableOf(DOCUMENT, 'Between releases of the CLI', 'rule')
    expect(table.columns).toEqual(['rule', 'says', ...OBSERVED_CODEX])
    expect(table.rows.map(([rule, , older, newer]) => [rule, older, newer])).toEqual(differing)
  })

  it('has an example that prints what it is said to print', async () => {
    await using terminal = await openTerminal()
    const blocks = DOCUMENT.blocks.filter(({ section }) => section === 'A worked example')
    await terminal.write('src/app/.git/HEAD', 'ref: refs/heads/main\n')
    for (const { text } of blocks.filter(({ language }) => language === 'toml')) {
      const [, path = ''] = /^# (\S+)\n/.exec(text) ?? []
      await terminal.write(path.replace('/etc/codex/', 'etc/').replace('~/', ''), `${text}\n`)
    }
    const examples = examplesOf(blocks)
    for (const { command, output } of examples) {
      const run = await terminal.run(
        `${command.replace(/^runtimeconfig /, '')} --system-folder ${terminal.path('etc')}`,
        { cwd: terminal.path('src/app') },
      )
      expect(run.stdout.trimEnd().replaceAll('~/etc/', '/etc/codex/')).toBe(output)
    }
    expect(examples).toHaveLength(6)

    await terminal.write('.codex/config.toml', '# mine\nmodel = = "gpt-5"\n')
    const { stderr } = await terminal.run('layers')
    expect(stderr.trimEnd().replace(terminal.home, '~')).toBe(blocks.at(-1)?.text)
  })
})

function examplesOf(blocks: readonly CodeBlock[]) {
  return blocks.flatMap(({ language, text }, at) =>
    language === 'sh' ? [{ command: text, output: blocks[at + 1]?.text }] : [],
  )
}

/** What a release does, rule by rule, as the table words it. */
function ruleWords(rules: LayerRules): ReadonlyMap<string, string> {
  const { requirements, precedence: _, cliVersion, notice, runtime, ...plain } = rules
  expect([cliVersion, notice, runtime]).toEqual([expect.any(String), null, 'codex'])
  const sections = { requirements } as const
  const nested = Object.entries(sections).flatMap(([name, section]) =>
    Object.entries(section).map(([key, value]) => [`${name}.${key}`, wordsOf(value)] as const),
  )
  return new Map([...Object.entries(plain).map(([key, value]) => [key, wordsOf(value)] as const), ...nested])
}

type RuleValue = string | boolean | readonly RuleItem[]

type RuleItem =
  | string
  | readonly string[]
  | { readonly table: readonly string[]; readonly legacy?: string }
  | { readonly path: readonly string[] }

function wordsOf(value: RuleValue): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  // Settings of profiles follow those outside of them.
  const items = value.map(itemWords).filter((words) => !words.startsWith('profiles.*.'))
  return items.length === 0 ? 'nothing' : items.join(', ')
}

function itemWords(item: RuleItem): string {
  if (typeof item === 'string') return item
  if ('path' in item) return item.path.join('.')
  if (!('table' in item)) return item.join('.')
  return [...item.table, ...(item.legacy === undefined ? [] : [item.legacy])].join('.')
}
