import { describe, expect, it } from 'vitest'

import { rulesFor } from '#layers/precedence.ts'

import { comparedPart, observedStack, type StackVector } from './recorded-layers.ts'
import { expectations, readVectors } from './vectors.ts'

describe.each(['merge', 'random', 'fingerprint'])('a recorded stack of %s.json', (file) => {
  for (const vector of readVectors<StackVector>(file)) {
    for (const { cliVersion, expected } of expectations(vector)) {
      it(`${vector.name} comes out as release ${cliVersion} has it`, () => {
        expect(observedStack(vector.input, rulesFor('codex', cliVersion))).toEqual(comparedPart(expected))
      })
    }
  }
})
