import type { Field, TableField } from './field.ts'

/**
 * Takes out of a tree of settings what is not of one release.
 *
 * @param release name of the set of rules, as the data writes it
 * @returns a tree without `releases`; what does not depend on the release is shared with the argument
 */
export function fieldsOfRelease(root: TableField, release: string): TableField {
  const resolved = new Resolution(release).resolve(root)
  return resolved !== null && typeof resolved === 'object' && resolved.kind === 'table' ? resolved : root
}

/** One run. A field that stands at several places is resolved once. */
class Resolution {
  readonly #release: string
  readonly #done = new Map<Field, Field | null>()

  constructor(release: string) {
    this.#release = release
  }

  resolve(field: Field): Field | null {
    const known = this.#done.get(field)
    if (known !== undefined) return known
    const resolved = this.#make(field)
    this.#done.set(field, resolved)
    return resolved
  }

  #make(field: Field): Field | null {
    if (typeof field === 'string') return field
    switch (field.kind) {
      case 'releases': {
        const chosen = field.byRelease.get(this.#release) ?? null
        return chosen === null ? null : this.resolve(chosen)
      }
      case 'list':
        return { ...field, items: this.resolve(field.items) ?? 'any' }
      case 'table':
        return this.#table(field)
      case 'either':
        return { ...field, alternatives: field.alternatives.flatMap((each) => this.resolve(each) ?? []) }
      default:
        return field
    }
  }

  #table(field: TableField): TableField {
    const fields = new Map<string, Field>()
    for (const [name, child] of field.fields) {
      const resolved = this.resolve(child)
      if (resolved !== null) fields.set(name, resolved)
    }
    const others = field.others === undefined ? null : this.resolve(field.others)
    return others === null ? { ...field, fields } : { ...field, fields, others }
  }
}
