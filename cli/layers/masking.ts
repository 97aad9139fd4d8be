import type { RuntimeProfile } from '#layers/runtimes/profile.ts'
import { isArray, isTable, type TomlTable, type TomlValue } from '#layers/value.ts'

/** What a secret is shown as. */
export const MASK = '••••'

/** Which values are secrets: the runtime's profile knows. */
export type SecretRules = Pick<RuntimeProfile, 'isSecretKey' | 'isSecretValue'>

/** Makes values fit to be shown: a secret becomes {@link MASK}, unless it was asked for. */
export class Masking {
  readonly #rules: SecretRules
  readonly #showsSecrets: boolean
  #hasMasked = false

  constructor(rules: SecretRules, showsSecrets: boolean) {
    this.#rules = rules
    this.#showsSecrets = showsSecrets
  }

  /** Whether anything has been masked so far. */
  get hasMasked(): boolean {
    return this.#hasMasked
  }

  /** The same value without its secrets. */
  of(value: TomlValue, path: readonly string[]): TomlValue {
    if (this.#showsSecrets) return value
    if (isTable(value)) return this.table(value, path)
    if (isArray(value)) return value.map((item) => this.of(item, path))
    if (!this.#isSecret(value, path)) return value
    this.#hasMasked = true
    return MASK
  }

  /** The same table without its secrets. */
  table(table: TomlTable, path: readonly string[] = []): TomlTable {
    if (this.#showsSecrets) return table
    return new Map([...table].map(([key, value]) => [key, this.of(value, [...path, key])]))
  }

  #isSecret(value: TomlValue, path: readonly string[]): boolean {
    if (value === '' || typeof value === 'boolean') return false
    // An item that is asked for by its index is what its array is.
    const named = path.slice(0, path.findLastIndex((segment) => !/^\d+$/.test(segment)) + 1)
    return this.#rules.isSecretKey(named) || (typeof value === 'string' && this.#rules.isSecretValue(value))
  }
}
