import { AppError } from '#core/errors.ts'
import { isLabelValue, isQualifiedName } from '#crds/metadata.ts'

import { type Token, tokenize } from './label-tokens.ts'

/** Tells whether an object with these labels is selected. */
export type LabelMatcher = (labels: Readonly<Record<string, string>>) => boolean

type SetMatcher = (value: string | undefined) => boolean

/**
 * Parses a label selector in the grammar of Kubernetes: `a=b,c!=d,e in (x,y),f notin (x),g,!h,i>1`.
 *
 * The empty selector selects everything. `!=` and `notin` select objects without the label too, as they do there.
 *
 * @throws AppError `REQUEST_MALFORMED`
 */
export function parseLabelSelector(text: string): LabelMatcher {
  const requirements = new LabelParser(text).parse()
  return (labels) => requirements.every((matches) => matches(labels))
}

class LabelParser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #position = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokenize(text)
  }

  parse(): readonly LabelMatcher[] {
    const requirements: LabelMatcher[] = []
    if (this.#peek() === 'end') return requirements
    do requirements.push(this.#requirement())
    while (this.#accept(','))
    this.#expect('end')
    return requirements
  }

  #requirement(): LabelMatcher {
    const isNegated = this.#accept('!')
    const key = this.#word()
    if (!isQualifiedName(key)) throw this.#error(`the label key "${shorten(key)}" is not valid`)
    if (isNegated) return (labels) => !Object.hasOwn(labels, key)
    const matches = this.#operation()
    return (labels) => matches(Object.hasOwn(labels, key) ? labels[key] : undefined)
  }

  #operation(): SetMatcher {
    const operator = this.#peek()
    if (operator === 'end' || operator === ',') return (value) => value !== undefined
    const token = this.#next()
    if (token.kind === 'word') return this.#setOperation(token.text)
    switch (token.kind) {
      case '=':
      case '==':
        return isIn([this.#value()])
      case '!=':
        return isNotIn([this.#value()])
      case '>':
      case '<':
        return this.#comparison(token.kind)
      default:
        throw this.#error(`an operator was expected, "${token.kind}" came`)
    }
  }

  #setOperation(word: string): SetMatcher {
    if (word === 'in') return isIn(this.#values())
    if (word === 'notin') return isNotIn(this.#values())
    throw this.#error(`an operator was expected, "${shorten(word)}" came`)
  }

  #comparison(operator: '>' | '<'): SetMatcher {
    const bound = toInteger(this.#value())
    if (bound === undefined) throw this.#error(`"${operator}" needs an integer`)
    return (value) => {
      const number = value === undefined ? undefined : toInteger(value)
      if (number === undefined) return false
      return operator === '>' ? number > bound : number < bound
    }
  }

  // `a=` and `a=,b` compare with the empty value.
  #value(): string {
    const isEmpty = this.#peek() === 'end' || this.#peek() === ','
    return this.#checked(isEmpty ? '' : this.#word())
  }

  // An empty place between commas is the empty value; `()` is none at all.
  #values(): readonly string[] {
    this.#expect('(')
    if (this.#peek() === ')') throw this.#error('"in" and "notin" need a value')
    const values: string[] = []
    do values.push(this.#checked(this.#peek() === 'word' ? this.#word() : ''))
    while (this.#accept(','))
    this.#expect(')')
    return values
  }

  #checked(value: string): string {
    if (!isLabelValue(value)) throw this.#error(`the label value "${shorten(value)}" is not valid`)
    return value
  }

  #word(): string {
    const token = this.#next()
    if (token.kind !== 'word') throw this.#error(`a word was expected, "${token.kind}" came`)
    return token.text
  }

  #peek(): Token['kind'] {
    return this.#tokens[this.#position]?.kind ?? 'end'
  }

  #next(): Token {
    const token = this.#tokens[this.#position] ?? { kind: 'end', text: '' }
    this.#position += 1
    return token
  }

  #accept(kind: Token['kind']): boolean {
    if (this.#peek() !== kind) return false
    this.#position += 1
    return true
  }

  #expect(kind: Token['kind']): void {
    const token = this.#next()
    if (token.kind !== kind) throw this.#error(`"${kind}" was expected, "${token.kind}" came`)
  }

  #error(why: string): AppError {
    return new AppError(
      'REQUEST_MALFORMED',
      `cannot read the label selector "${shorten(this.#text)}": ${why}`,
    )
  }
}

function isIn(values: readonly string[]): SetMatcher {
  return (value) => value !== undefined && values.includes(value)
}

function isNotIn(values: readonly string[]): SetMatcher {
  return (value) => value === undefined || !values.includes(value)
}

// The range of a 64-bit integer, as Kubernetes compares them.
function toInteger(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]{1,19}$/.test(text)) return undefined
  const number = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, number) === number ? number : undefined
}

function shorten(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
