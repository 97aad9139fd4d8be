import { readFileSync } from 'node:fs'

/** A recorded case. `expected` is what release 0.169.0 did, `expectedSeedEra` what 0.128.0 did where it differs. */
export interface Vector<Input, Expected> {
  readonly name: string
  readonly input: Input
  readonly binaries: readonly string[]
  readonly expected: Expected
  readonly expectedSeedEra?: Expected
}

/** The rule sets that a case was recorded under, each with what it must give. */
export function expectations<Expected>(
  vector: Vector<unknown, Expected>,
): readonly { readonly cliVersion: string; readonly expected: Expected }[] {
  const { binaries, expected, expectedSeedEra } = vector
  const today = binaries.map((cliVersion) => ({ cliVersion, expected }))
  return expectedSeedEra === undefined
    ? today
    : [...today, { cliVersion: '0.128.0', expected: expectedSeedEra }]
}

/** The cases of one file of `vectors/`, such as `merge`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who reads a file knows the shape of its cases
export function readVectors<Kind extends Vector<unknown, unknown>>(file: string): readonly Kind[] {
  return JSON.parse(
    readFileSync(new URL(`./vectors/${file}.json`, import.meta.url), 'utf8'),
  ) as readonly Kind[]
}
