import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { readJson, type JsonValue } from '#layers/json/read.ts'
import { toJson } from '#layers/json/render.ts'
import { codexProfile } from '#layers/runtimes/codex.ts'
import { planWrite, type ConfigEdit, type WriteResult } from '#layers/write/write.ts'
import { aStack, type SourceTexts } from '#test/layers/stacks.ts'
import { expectations, readVectors, type Vector } from '#test/layers/vectors.ts'

interface WriteCall {
  readonly method: 'config/value/write' | 'config/batchWrite'
  readonly paramsJson: string
  readonly expectedVersion?: 'current'
}

interface WritesInput extends SourceTexts {
  readonly user?: string
}

interface WritesVector extends Vector<WritesInput, { readonly ops: readonly unknown[] }> {
  readonly ops: readonly (WriteCall | { readonly readUserVersion: true })[]
}

/** Sentences that clients know; every other message is worded in our own way. */
const WIRE_SENTENCES = [
  'Only writes to the user config are allowed',
  'Configuration was modified since last read. Fetch latest version and retry.',
  'Path not found',
  'cannot set value on non-table parent',
]

/** A user file in memory, and what is answered to a sequence of writes to it. */
class WriteDriver {
  readonly #sources: SourceTexts
  readonly #profile
  #user: string | null
  #lastRead: string | null = null

  constructor(sources: WritesInput, cliVersion: string) {
    this.#sources = sources
    this.#user = sources.user ?? null
    this.#profile = codexProfile(cliVersion)
  }

  run(op: WritesVector['ops'][number]): unknown {
    return 'method' in op ? this.#write(op) : this.#readVersion()
  }

  #stack() {
    return aStack({ ...this.#sources, user: this.#user }, this.#profile)
  }

  #readVersion(): unknown {
    return answering(() => {
      this.#lastRead = this.#stack().userLayer()?.version ?? null
      return { version: this.#lastRead }
    })
  }

  #write(call: WriteCall): unknown {
    const answer = answering(() => {
      const params = asObject(readJson(call.paramsJson))
      const plan = planWrite({
        stack: this.#stack(),
        text: this.#user ?? '',
        edits: editsOf(call, params),
        filePath: asText(params.get('filePath')),
        expectedVersion:
          call.expectedVersion === 'current' ? this.#lastRead : asText(params.get('expectedVersion')),
      })
      if (plan.changed) this.#user = plan.text
      return { result: wireResult(plan.result) }
    })
    return { ...answer, fileAfter: this.#user }
  }
}

function answering(action: () => object): object {
  try {
    return action()
  } catch (error) {
    if (error instanceof LayersError) return { error: wireError(error) }
    throw error
  }
}

/** A fault of the write API keeps its code; a layer that cannot be read is an internal error at a place. */
function wireError({ code, message, place }: LayersError): object {
  const { range } = place
  if (range !== undefined) return { code: -32603, place: `${String(range.line)}:${String(range.column)}` }
  const sentence = WIRE_SENTENCES.find((each) => each === message) ?? null
  return { code: -32600, data: { config_write_error_code: code }, sentence }
}

/** A recorded answer in the same form: of messages only the sentences that are part of the contract. */
function recorded(answer: unknown): unknown {
  if (!isObject(answer) || !isObject(answer['error'])) return answer
  const { code, data, message } = answer['error']
  const text = String(message)
  const error =
    data === undefined
      ? { code, place: /:(\d+:\d+): /.exec(text)?.[1] }
      : { code, data, sentence: WIRE_SENTENCES.find((each) => each === text) ?? null }
  return { ...answer, error }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function wireResult({ overriddenMetadata, ...result }: WriteResult): object {
  if (overriddenMetadata === null) return { ...result, overriddenMetadata }
  const { effectiveValue } = overriddenMetadata
  return {
    ...result,
    overriddenMetadata: {
      ...overriddenMetadata,
      effectiveValue: effectiveValue === null ? null : JSON.parse(JSON.stringify(toJson(effectiveValue))),
    },
  }
}

function editsOf(call: WriteCall, params: ReadonlyMap<string, JsonValue>): readonly ConfigEdit[] {
  if (call.method === 'config/value/write') return [toEdit(params)]
  const edits = params.get('edits')
  return Array.isArray(edits) ? edits.map((edit) => toEdit(asObject(edit))) : []
}

function toEdit(params: ReadonlyMap<string, JsonValue>): ConfigEdit {
  return {
    keyPath: asText(params.get('keyPath')) ?? '',
    value: params.get('value') ?? null,
    mergeStrategy: params.get('mergeStrategy') === 'upsert' ? 'upsert' : 'replace',
  }
}

function asObject(value: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  if (value instanceof Map) return value
  throw new Error('expected an object in a recorded case')
}

function asText(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}

/** Recorded with a defect of the CLI (spec 07 §18): ours gives the sane answers below instead. */
const DEFECTS = new Set(['number values', 'number with exponent', 'format: scalar to table'])

const VECTORS = readVectors<WritesVector>('writes')

function answersTo(vector: WritesVector, cliVersion: string): readonly unknown[] {
  const driver = new WriteDriver(vector.input, cliVersion)
  return vector.ops.map((op) => driver.run(op))
}

function theVector(name: string): WritesVector {
  const vector = VECTORS.find((each) => each.name === name)
  if (vector === undefined) throw new Error(`no recorded case ${name}`)
  return vector
}

describe('recorded writes', () => {
  const cases = VECTORS.filter(({ name }) => !DEFECTS.has(name)).flatMap((vector) =>
    expectations(vector).map(({ cliVersion, expected }) => ({
      vector,
      cliVersion,
      expected,
      name: vector.name,
    })),
  )

  it.each(cases)('$name, as $cliVersion', ({ vector, cliVersion, expected }) => {
    expect(answersTo(vector, cliVersion)).toEqual(expected.ops.map(recorded))
  })
})

describe('recorded writes with a defect', () => {
  // The older release wrote such numbers as the floats that they are.
  it.each(['number values', 'number with exponent'])('%s: floats in either release', (name) => {
    const vector = theVector(name)
    const sane = vector.expectedSeedEra?.ops.map(recorded)

    expect(answersTo(vector, '0.169.0')).toEqual(sane)
    expect(answersTo(vector, '0.128.0')).toEqual(sane)
  })

  it.each(['0.169.0', '0.128.0'])(
    'format: scalar to table, as %s: the text can be read again',
    (cliVersion) => {
      const vector = theVector('format: scalar to table')
      const [write] = vector.expected.ops
      const { result } = isObject(write) ? write : {}
      const version = isObject(result) ? result['version'] : null

      expect(answersTo(vector, cliVersion)).toEqual([
        { result, fileAfter: expect.stringMatching(/\n *# inner comment\n *\[x\.a ?\]\nk = 1\n/) },
        { version },
      ])
    },
  )
})
