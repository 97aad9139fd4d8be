import { inspect } from 'node:util'

const REDACTED = '[redacted]'

/**
 * Holds a plaintext that must not be printed by accident.
 *
 * Every way a value usually ends up in a log (`JSON.stringify`, `util.inspect`, template strings) gives `[redacted]`. Only
 * `open()` gives the value; a search for `.open()` therefore lists every place that touches plaintext.
 */
export class Secret<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  open(): T {
    return this.#value
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  [inspect.custom](): string {
    return REDACTED
  }
}
