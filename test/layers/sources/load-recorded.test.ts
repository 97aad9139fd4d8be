import { describe, expect, it } from 'vitest'

import { canonicalJson } from '#layers/fingerprint.ts'
import type { ConfigLayer } from '#layers/layer.ts'
import { toWireRequirements } from '#layers/requirements/requirements.ts'
import { hostNameOnce } from '#layers/sources/host-name.ts'
import { expectations, readVectors, type Vector } from '#test/layers/vectors.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox, type SandboxInput } from './sandbox.ts'

interface Position {
  readonly line: number
  readonly column: number
}

interface ErrorExpected {
  readonly ok?: true
  readonly error?: unknown
  readonly exit?: number
  readonly location?: Position & { readonly file: string }
  readonly warning?: {
    readonly path: string | null
    readonly range: { readonly start: Position; readonly end: Position } | null
  }
}

const ERRORS = readVectors<Vector<SandboxInput, ErrorExpected>>('errors').flatMap(perRelease)

describe('broken files as recorded', () => {
  it.each(ERRORS.filter(({ expected }) => expected.ok === true))(
    '$name is loaded under $cliVersion',
    async ({ input, cliVersion }) => {
      const sandbox = await aSandbox(input)
      expect((await sandbox.load({ cliVersion })).profile.rules.cliVersion).toBe(cliVersion)
    },
  )

  it.each(ERRORS.filter(({ expected }) => expected.ok !== true))(
    '$name is refused under $cliVersion where the CLI does',
    async ({ input, cliVersion, expected }) => {
      const sandbox = await aSandbox(input)
      const { place } = await refusalOf(sandbox.load({ cliVersion }))
      expect(sandbox.recorded(told(expected, place))).toEqual(toldBy(expected))
    },
  )
})

interface Told {
  readonly file?: string | undefined
  readonly start?: Position | undefined
  readonly end?: Position | undefined
}

/** What the recording says of the place: all of it, or no more than that there is a fault. */
function toldBy({ location, warning }: ErrorExpected): Told {
  const file = location?.file ?? warning?.path ?? undefined
  const range = warning?.range ?? undefined
  if (range !== undefined || location === undefined) return { file, ...range }
  return { file, start: { line: location.line, column: location.column } }
}

/** The same of ours, as far as the recording says it. */
function told(expected: ErrorExpected, place: Awaited<ReturnType<typeof refusalOf>>['place']): Told {
  const { file, start, end } = toldBy(expected)
  const { range } = place
  return {
    file: file && place.path,
    start: start && range && { line: range.line, column: range.column },
    end: end && range && { line: range.endLine, column: range.endColumn },
  }
}

interface LayerExpected {
  readonly name: unknown
  readonly version: string
  readonly canonicalJson: string
  readonly disabledReason?: string
}

type DisabledExpected =
  | { readonly error: { readonly message: string } }
  | { readonly layers: readonly LayerExpected[]; readonly origins: unknown }

const DISABLED = readVectors<Vector<SandboxInput, DisabledExpected>>('disabled').flatMap(perRelease)

describe('projects as recorded', () => {
  it.each(DISABLED)('$name under $cliVersion', async ({ input, cliVersion, expected }) => {
    const sandbox = await aSandbox(input)
    expect(sandbox.recorded(await outcome(sandbox.load({ cliVersion })))).toEqual(summary(expected))
  })
})

async function outcome(loading: ReturnType<Awaited<ReturnType<typeof aSandbox>>['load']>): Promise<unknown> {
  try {
    const stack = await loading
    return { layers: stack.allLayers().map(shown), origins: Object.fromEntries(stack.origins()) }
  } catch {
    const { place } = await refusalOf(loading)
    return { path: place.path, line: place.range?.line, column: place.range?.column }
  }
}

function shown({ name, version, config, disabledReason }: ConfigLayer): LayerExpected {
  const layer = { name, version, canonicalJson: canonicalJson(config) }
  return disabledReason === undefined ? layer : { ...layer, disabledReason }
}

function summary(expected: DisabledExpected): unknown {
  if ('error' in expected) {
    const [, path, line, column] =
      /file (\S+): TOML parse error at line (\d+), column (\d+)/.exec(expected.error.message) ?? []
    return { path, line: Number(line), column: Number(column) }
  }
  const layers = expected.layers.map(({ name, version, canonicalJson, disabledReason }) => ({
    name,
    version,
    canonicalJson,
    ...(disabledReason === undefined ? {} : { disabledReason }),
  }))
  return { layers, origins: expected.origins }
}

interface LazyExpected {
  readonly requirements: unknown
  readonly dnsQueriesForHostname: number
}

describe('how often the host name is looked up, as recorded', () => {
  const vectors = readVectors<Vector<SandboxInput, LazyExpected> & { readonly reads: number }>(
    'hostname-laziness',
  )
  it.each(vectors)('$name', async ({ input, reads, expected }) => {
    const sandbox = await aSandbox(input)
    let lookUps = 0
    const hostName = hostNameOnce({
      kernel: () => 'lazy-1',
      canonical: () => {
        lookUps += 1
        return Promise.resolve(null)
      },
    })
    const stacks = []
    for (let read = 0; read < reads; read += 1) stacks.push(await sandbox.load({ overrides: { hostName } }))
    // One look-up asks for an address of each kind: two queries.
    expect({
      requirements: stacks.map((stack) => toWireRequirements(stack.requirements)),
      dnsQueriesForHostname: lookUps * 2,
    }).toEqual({ ...expected, requirements: stacks.map(() => expected.requirements) })
  })
})

function perRelease<Input, Expected>({
  name,
  input,
  ...vector
}: Vector<Input, Expected>): readonly {
  readonly name: string
  readonly input: Input
  readonly cliVersion: string
  readonly expected: Expected
}[] {
  return expectations({ name, input, ...vector }).map(({ cliVersion, expected }) => ({
    name,
    input,
    cliVersion,
    expected,
  }))
}
