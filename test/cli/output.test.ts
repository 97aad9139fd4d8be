import { describe, expect, it } from 'vitest'

import { createOutput, toTable } from '#cli/output.ts'
import { aStream } from '#test/support/stream.ts'

describe('output', () => {
  it('prints text for people and no JSON', () => {
    const [stdout, stderr] = [aStream(), aStream()]
    const output = createOutput('text', { stdout, stderr })
    output.print('a line')
    output.json({ a: 1 })
    output.event({ b: 2 })
    output.note('a note')
    expect([stdout.written, stderr.written]).toEqual(['a line\n', 'a note\n'])
  })

  it('prints one JSON document for programs and no text', () => {
    const [stdout, stderr] = [aStream(), aStream()]
    const output = createOutput('json', { stdout, stderr })
    output.print('a line')
    output.json({ a: 1 })
    expect([JSON.parse(stdout.written), stderr.written]).toEqual([{ a: 1 }, ''])
  })

  it('uses no colours when it is not a terminal', () => {
    const output = createOutput('text', { stdout: aStream(), stderr: aStream() })
    expect(output.style('red', 'text')).toBe('text')
  })
})

describe('toTable', () => {
  it('makes each column as wide as its widest cell', () => {
    const columns = [
      { heading: 'NAME', cell: (row: { name: string; size: number }) => row.name },
      { heading: 'SIZE', cell: (row: { name: string; size: number }) => String(row.size) },
    ]
    const rows = [
      { name: 'a', size: 1 },
      { name: 'longer name', size: 22 },
    ]
    expect(toTable(rows, columns, { style: (_style, text) => text })).toEqual([
      'NAME         SIZE',
      'a            1',
      'longer name  22',
    ])
  })
})
