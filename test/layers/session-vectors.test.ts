import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { rulesFor } from '#layers/precedence.ts'
import type { LayerRules } from '#layers/rules.ts'

import { comparedPart, observedStack, type RecordedSources, type RecordedStack } from './recorded-layers.ts'
import { expectations, readVectors, type Vector } from './vectors.ts'

/** A command line that was refused before anything was read. */
interface RefusedStart {
  readonly exit: number
  readonly stderr: string
}

type SessionVector = Vector<RecordedSources, RecordedStack | RefusedStart>

describe('recorded flags of session.json', () => {
  for (const vector of readVectors<SessionVector>('session')) {
    for (const { cliVersion, expected } of expectations(vector)) {
      it(`${vector.name} comes out as release ${cliVersion} has it`, () => {
        const result = observed(vector.input, rulesFor('codex', cliVersion))
        expect(result).toEqual('exit' in expected ? 'overrideInvalid' : comparedPart(expected))
      })
    }
  }
})

function observed(sources: RecordedSources, rules: LayerRules): RecordedStack | string {
  try {
    return observedStack(sources, rules)
  } catch (error) {
    if (error instanceof LayersError) return error.code
    throw error
  }
}
