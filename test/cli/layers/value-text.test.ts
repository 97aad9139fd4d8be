import { describe, expect, it } from 'vitest'

import { LayerLabels } from '#cli/layers/layer-label.ts'
import { Masking } from '#cli/layers/masking.ts'
import { keyText, printable, valueText } from '#cli/layers/value-text.ts'
import { isSecretKey, isSecretValue } from '#layers/runtimes/secret.ts'
import { readToml } from '#layers/toml/read.ts'
import type { TomlValue } from '#layers/value.ts'

describe('a value in one line', () => {
  it.each<[string, string]>([
    ['"a \\"b\\" \\\\"', '"a \\"b\\" \\\\"'],
    ['"a\\nb\\u001b[31m"', '"a\\nb\\u001b[31m"'],
    ['"\\u202ertl \\u0085"', '"\\u202Ertl \\u0085"'],
    ['"\u{1F468}\u200D\u{1F469}"', '"\u{1F468}\u200D\u{1F469}"'],
    ['"\u{E0041}"', '"\\U000E0041"'],
    ['0xFF', '255'],
    ['1.0', '1.0'],
    ['-nan', 'nan'],
    ['1979-05-27 07:32:00z', '1979-05-27T07:32:00Z'],
    ['[1, [true], {}]', '[1, [true], {}]'],
    ['{ a.b = 1, "x y" = [] }', '{ a = { b = 1 }, "x y" = [] }'],
  ])('is TOML that does nothing to a terminal: %s', (toml, text) => {
    const value = readToml(`x = ${toml}`).get('x') ?? ''
    expect(valueText(value)).toBe(text)
  })

  it('shows a key whose name would move a cursor by its number', () => {
    expect(keyText(['a', 'b\u001B[2J'])).toBe('a."b\\u001B[2J"')
  })

  it('leaves letters of every script alone', () => {
    expect(printable('é 日本 ‍ नमस्ते')).toBe('é 日本 ‍ नमस्ते')
  })
})

describe('a secret', () => {
  const rules = { isSecretKey, isSecretValue }
  const table = (text: string): TomlValue => readToml(text)

  it('is masked by the name of its key and by how it looks, at every depth', () => {
    const text = `
api_key = "k"
empty_token = ""
env_key = "NAME"
url = "https://me:pw@host"
args = ["--x", "Bearer abcdefghij"]
[[servers]]
password = 5
on = true
`
    const masked = new Masking(rules, false).of(table(text), [])
    expect(valueText(masked)).toBe(
      '{ api_key = "••••", empty_token = "", env_key = "NAME", url = "••••", args = ["--x", "••••"], servers = [{ password = "••••", on = true }] }',
    )
  })

  it('is masked when an item of an array is asked for by its index', () => {
    const masking = new Masking(rules, false)
    expect([masking.of('x', ['secrets', '0']), masking.of('x', ['args', '0'])]).toEqual(['••••', 'x'])
  })

  it('is told of, unless nothing was masked', () => {
    const [one, other] = [new Masking(rules, false), new Masking(rules, false)]
    one.of(table('token = "x"'), [])
    other.of(table('model = "x"'), [])
    expect([one.hasMasked, other.hasMasked]).toEqual([true, false])
  })

  it('is shown when it was asked for', () => {
    const value = table('token = "x"')
    expect(new Masking(rules, true).of(value, [])).toBe(value)
  })
})

describe('the name of a layer', () => {
  const user = { type: 'user', file: '/home/a/.codex/config.toml' } as const
  const outer = { type: 'project', dotCodexFolder: '/home/a/app/.codex' } as const
  const inner = { type: 'project', dotCodexFolder: '/srv/app/part/.codex' } as const

  it('is a word, with the file only where there are several of its kind', () => {
    const labels = new LayerLabels([user, outer, inner, { type: 'sessionFlags' }], '/home/a')
    expect([user, outer, inner, { type: 'sessionFlags' } as const].map((name) => labels.short(name))).toEqual(
      ['user', 'project ~/app', 'project /srv/app/part', 'session flags'],
    )
  })

  it('is shortened in a sentence, but not where the home is the end of another path', () => {
    const labels = new LayerLabels([user], '/home/a')
    expect(labels.sentence('set by /home/a/x, not /srv/home/a/x or /home/ab/x')).toBe(
      'set by ~/x, not /srv/home/a/x or /home/ab/x',
    )
  })

  it('leaves alone what only begins like the home', () => {
    const labels = new LayerLabels([user], '/home/a')
    expect([labels.path('/home/a'), labels.path('/home/ab/x'), labels.path('/home/a/x')]).toEqual([
      '~',
      '/home/ab/x',
      '~/x',
    ])
  })
})
