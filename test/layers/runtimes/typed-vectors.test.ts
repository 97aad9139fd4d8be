import { describe, expect, it } from 'vitest'

import { createLayer, type ConfigLayer } from '#layers/layer.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { comparedPart, observedStack, type StackVector } from '#test/layers/recorded-layers.ts'
import { expectations, readVectors } from '#test/layers/vectors.ts'

/** The folders of the recorded machine; the session's is the home of the CLI, because no case has a folder to work in. */
const USER_FOLDER = '/sandbox/home'
const SYSTEM_FOLDER = '/etc/codex'

describe('a recorded stack of typed.json', () => {
  for (const vector of readVectors<StackVector>('typed')) {
    for (const { cliVersion, expected } of expectations(vector)) {
      it(`${vector.name} comes out as release ${cliVersion} has it`, () => {
        const profile = codexProfile(cliVersion)
        const observed = observedStack(vector.input, profile.rules, (layer) => normalised(layer, profile))
        expect(observed).toEqual(comparedPart(expected))
      })
    }
  }
})

function normalised({ name, config }: ConfigLayer, profile: RuntimeProfile): ConfigLayer {
  const isOfUser = name.type === 'user' || name.type === 'sessionFlags'
  return createLayer(name, profile.normalise(config, isOfUser ? USER_FOLDER : SYSTEM_FOLDER))
}
