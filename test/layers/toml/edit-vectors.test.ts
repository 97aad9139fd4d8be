import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { rulesFor } from '#layers/precedence.ts'
import { editToml } from '#layers/toml/edit.ts'
import { readToml } from '#layers/toml/read.ts'
import { expectations, readVectors } from '#test/layers/vectors.ts'

import { editsOf, type WritesVector } from './recorded-edits.ts'

const vectors = readVectors<WritesVector>('writes')

/** Cases that record a defect of the reference (spec 07 §18), and what the recorded file shows of it. */
const DEFECTS: ReadonlyMap<string, RegExp> = new Map([
  ['number values', /^"\$serde_json::private::Number" = "100000000000000000000\.0"$/mu],
  ['number with exponent', /^"\$serde_json::private::Number" = "1e\+3"$/mu],
  ['format: scalar to table', /^\[ {2}# inner comment$/mu],
])

/** The file after each request of a case: refused ones leave it alone. */
function filesAfter(
  { input, ops }: WritesVector,
  run: { cliVersion: string; answers: WritesVector['expected']['ops'] },
) {
  const rules = rulesFor('codex', run.cliVersion)
  let file = input.user ?? ''
  return ops.map(({ paramsJson }, index) => {
    if (paramsJson === undefined) return undefined
    if (run.answers[index]?.result !== undefined) {
      file = editToml(file, editsOf(paramsJson, rules), { newTableOrder: rules.newTableOrder })
    }
    return file
  })
}

function recordedFiles(answers: WritesVector['expected']['ops']) {
  return answers.map(({ fileAfter }) => (fileAfter === null ? '' : fileAfter))
}

describe('editToml writes the bytes that were recorded', () => {
  for (const vector of vectors) {
    for (const { cliVersion, expected } of expectations(vector)) {
      const recorded = recordedFiles(expected.ops)
      const defect = DEFECTS.get(vector.name)
      if (defect !== undefined && recorded.some((file) => file !== undefined && defect.test(file))) continue
      it(`${vector.name} (${cliVersion})`, () => {
        expect(filesAfter(vector, { cliVersion, answers: expected.ops })).toEqual(recorded)
      })
    }
  }
})

describe('editToml is sane where the recorded file has a defect', () => {
  const today = '0.169.0'
  const caseOf = (name: string): WritesVector => {
    const vector = vectors.find((each) => each.name === name)
    if (vector === undefined) throw new Error(`no case is named ${name}`)
    return vector
  }
  const oursAndTheirs = (vector: WritesVector) => ({
    ours: filesAfter(vector, { cliVersion: today, answers: vector.expected.ops }),
    theirs: recordedFiles(vector.expected.ops),
  })

  // The older release has no such defect: what it wrote is what today's should have.
  it.each(['number values', 'number with exponent'])('%s: floats, not tables', (name) => {
    const vector = caseOf(name)
    const { ours, theirs } = oursAndTheirs(vector)
    expect(theirs.join('')).toMatch(DEFECTS.get(name) ?? /^$/u)
    expect(ours).toEqual(recordedFiles(vector.expectedSeedEra?.ops ?? []))
  })

  it('format: scalar to table: the comment stays on a line of its own above the new header', () => {
    const { ours, theirs } = oursAndTheirs(caseOf('format: scalar to table'))
    expect(() => readToml(theirs[0] ?? '')).toThrow(LayersError)
    const sane = theirs[0]?.replace('[  # inner comment\n  x.a ]', '  # inner comment\n  [x.a ]')
    expect(ours).toEqual([sane, undefined])
  })
})
