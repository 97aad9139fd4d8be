import { readVectors } from './vectors.ts'

const FILES = [
  'errors',
  'fingerprint',
  'merge',
  'random',
  'session',
  'typed',
  'writes',
  'requirements',
] as const
const MAX_LENGTH = 600

/** What TOML is made of, and what looks like it. */
const TOML_PIECES = [
  ...'a b-1 _ . = [ ] { } , " \' # \\ + - : T Z 0 9 é 😀 0x 1e inf nan true 1979-05-27 07:32 [[ ]] """ \'\'\''.split(
    ' ',
  ),
  ...'__proto__ constructor $__toml_private_datetime 9223372036854775808 \\u00e9 \\UDC00 \u0000 \uFEFF \t'.split(
    ' ',
  ),
  ...'\n~\r\n~\r~ ~[a]\n~[[a]]\n~a.b = 1\n~a = {b = 1}\n~"__proto__".x = 1\n~[__proto__.y]\n~= [\n'.split(
    '~',
  ),
]

const JSON_PIECES = [
  ...'{ } [ ] , : " \\ - + 0 1 . e E é 😀 \u0000 \uFEFF \t null true false [[ ]] // /* 1e400 \\u00e9 \\ud800'.split(
    ' ',
  ),
  ...'{"a": "a":1, "__proto__":{"x":1} "constructor": {"$__toml_private_datetime":"1979-05-27"} 9223372036854775808'.split(
    ' ',
  ),
  '\n',
  '\r',
  ' ',
]

/** Makes texts that nobody would write: documents of the recorded cases with bytes changed, and pieces thrown together. */
export class FuzzedTexts {
  readonly #random: () => number
  readonly #documents: readonly Uint8Array[]
  readonly #json: readonly string[]

  constructor(random: () => number) {
    this.#random = random
    const vectors = FILES.flatMap((file) => readVectors(file))
    const texts = [...new Set(vectors.flatMap(({ input }) => textsIn(input)))]
    this.#documents = texts.map((text) => Buffer.from(text))
    this.#json = vectors.map(({ expected }) => JSON.stringify(expected).slice(0, MAX_LENGTH))
  }

  tomlBytes(): Uint8Array {
    if (this.#below(3) === 0) return Buffer.from(this.#thrown(TOML_PIECES))
    return this.#mutated(this.#pick(this.#documents))
  }

  json(): string {
    if (this.#below(3) === 0) return this.#thrown(JSON_PIECES)
    return Buffer.from(this.#mutated(Buffer.from(this.#pick(this.#json)))).toString()
  }

  #thrown(pieces: readonly string[]): string {
    return Array.from({ length: 1 + this.#below(24) }, () => this.#pick(pieces)).join('')
  }

  /** A few bytes other, gone, doubled, or taken from elsewhere. */
  #mutated(original: Uint8Array): Uint8Array {
    let bytes = [...original]
    for (let left = this.#below(2); left >= 0; left -= 1) bytes = this.#changed(bytes)
    return Uint8Array.from(bytes)
  }

  #changed(bytes: readonly number[]): number[] {
    const at = this.#below(bytes.length + 1)
    const span = this.#below(12)
    switch (this.#below(5)) {
      case 0:
        return bytes.toSpliced(at, 1, this.#below(3) === 0 ? this.#below(256) : 32 + this.#below(95))
      case 1:
        return bytes.toSpliced(at, span)
      case 2:
        return bytes.toSpliced(at, 0, ...bytes.slice(at, at + span))
      case 3:
        return bytes.toSpliced(at, 0, ...Buffer.from(this.#pick(TOML_PIECES)))
      default: {
        const other = this.#pick(this.#documents)
        const from = this.#below(other.length)
        return bytes.toSpliced(at, span, ...other.subarray(from, from + 4 * span))
      }
    }
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)]
    if (item === undefined) throw new RangeError('expected something to pick from')
    return item
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}

/** Every text in the input of a case that may be a document. */
function textsIn(input: unknown): readonly string[] {
  if (typeof input === 'string') return input.length > 0 && input.length <= MAX_LENGTH ? [input] : []
  return typeof input === 'object' && input !== null ? Object.values(input).flatMap(textsIn) : []
}
