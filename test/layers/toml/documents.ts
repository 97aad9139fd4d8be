import * as fc from 'fast-check'

/** A comment of a document, with the key that it says something of: none for those at the end. */
export interface OwnedText {
  readonly text: string
  readonly path: readonly string[]
  /** Beside or above a header of a table, not of an array of tables: it stays whatever happens below that header. */
  readonly isOfHeader: boolean
}

/** A TOML text in many styles, and what an edit elsewhere has to leave in it. */
export interface AnyDocument {
  readonly text: string
  readonly comments: readonly OwnedText[]
  /** Whole lines of pairs. */
  readonly lines: readonly OwnedText[]
}

/** What the key of a tree stands for: a value, a table, an array of tables. */
type Tree = Map<string, null | Tree | readonly Tree[]>

const NAMES = ['a', 'b', 'c', 'x', 'y', 'a', 'b', 'c', 'a.b', '', '__proto__', '10', 'é', '"', "'", 'x y']
const BARE_SCALARS =
  '1 -7 1_000 0xFF 9223372036854775807 1.0 -0.0 1e3 5e-324 inf nan true 1979-05-27T07:32:00Z 1979-05-27 07:32'
const SCALARS = [
  ...BARE_SCALARS.split(' '),
  '1979-05-27 07:32:00.500',
  '"s"',
  "'lit'",
  '""',
  String.raw`"\t\u00e9"`,
  '"""two\nlines"""',
  "'''\nraw\nx'''",
  '"""cr\r\nlf"""',
]

/** Any document: dotted keys, inline tables, arrays of tables, comments and odd spacing everywhere. */
export function anyDocument(): fc.Arbitrary<AnyDocument> {
  return fc.noShrink(fc.integer({ min: 0 })).map((seed) => new DocumentWriter(seed).document())
}

/** Any edit of a document. Its path is one that is there, or one beside or below that. */
export function anyPath(known: readonly (readonly string[])[], seed: number): readonly string[] {
  const dice = new Dice(seed)
  const path = known.length === 0 || dice.chance(0.2) ? [] : dice.pick(known)
  if (path.length > 0 && dice.chance(0.6)) return path
  return [...path, dice.pick(NAMES), ...(dice.chance(0.4) ? [dice.pick(NAMES)] : [])]
}

/** Chance with a seed. */
class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  chance(share: number): boolean {
    return this.below(1000) < share * 1000
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('expected something to pick from')
    return item
  }
}

interface PairText {
  readonly path: readonly string[]
  readonly value: string
}

/** Writes one random document. */
class DocumentWriter extends Dice {
  readonly #comments: OwnedText[] = []
  readonly #lines: OwnedText[] = []
  #owner: Pick<OwnedText, 'path' | 'isOfHeader'> = { path: [], isOfHeader: false }

  document(): AnyDocument {
    const { pairs, blocks } = this.#contents(this.#tree(3), [])
    const body = this.#body(pairs, []) + blocks.join('')
    this.#own([], false)
    const text = this.#restyled(body + this.#linesAbove())
    return { text, comments: this.#comments, lines: this.#lines }
  }

  #restyled(text: string): string {
    const ended = this.chance(0.1) ? text.replace(/\n$/u, '') : text
    return this.chance(0.05) ? `\u{FEFF}${ended}` : ended
  }

  #tree(depth: number): Tree {
    const tree: Tree = new Map()
    for (let left = this.below(5); left > 0; left -= 1) {
      const kind = depth === 0 ? 9 : this.below(10)
      const name = this.pick(NAMES)
      if (kind < 4) tree.set(name, this.#tree(depth - 1))
      else if (kind === 4) tree.set(name, [this.#tree(depth - 1), this.#tree(0)])
      else tree.set(name, null)
    }
    return tree
  }

  /** The pairs of a table, and the sections of the tables below it. */
  #contents(tree: Tree, path: readonly string[]): { pairs: PairText[]; blocks: string[] } {
    const pairs: PairText[] = []
    const blocks: string[] = []
    for (const [name, below] of tree) {
      const at = [...path, name]
      if (below === null) pairs.push({ path: [name], value: this.#value(at, 2) })
      else if (below instanceof Map) this.#addTable(below, at, { pairs, blocks })
      else for (const item of below) blocks.push(this.#section(item, at, true))
    }
    return { pairs, blocks }
  }

  #addTable(tree: Tree, path: readonly string[], into: { pairs: PairText[]; blocks: string[] }): void {
    const name = path.at(-1) ?? ''
    const style = this.below(4)
    if (style === 0) into.pairs.push({ path: [name], value: this.#inline(path, 2) })
    else if (style === 1 && [...tree.values()].includes(null)) {
      const { pairs, blocks } = this.#contents(tree, path)
      into.pairs.push(...pairs.map(({ path, value }) => ({ path: [name, ...path], value })))
      into.blocks.push(...blocks)
    } else into.blocks.push(this.#section(tree, path, false))
  }

  #section(tree: Tree, path: readonly string[], isInArray: boolean): string {
    this.#own(path, !isInArray)
    const [opening, closing] = isInArray ? ['[[', ']]'] : ['[', ']']
    const header = `${this.#linesAbove()}${opening}${this.#space()}${this.#path(path)}${closing}${this.#besides()}\n`
    const { pairs, blocks } = this.#contents(tree, path)
    const isImplied = !isInArray && pairs.length === 0 && blocks.length > 0 && !header.includes('#')
    const own = isImplied ? '' : header + this.#body(pairs, path)
    const canFollow = !isInArray && pairs.every(({ path }) => path.length === 1)
    return canFollow && this.chance(0.2) ? blocks.join('') + own : own + blocks.join('')
  }

  #body(pairs: readonly PairText[], table: readonly string[]): string {
    return pairs.map((pair) => this.#line(pair, table)).join('')
  }

  #line({ path, value }: PairText, table: readonly string[]): string {
    const at = [...table, ...path]
    this.#own(at, false)
    const above = this.#linesAbove()
    const line = `${this.#space()}${this.#path(path)}${this.#space()}=${this.#space()}${value}${this.#besides()}`
    // A key that is part of several dotted ones is spelled and spaced as the first of them has it.
    if (path.length === 1 && !value.includes('{'))
      this.#lines.push({ text: line, path: at, isOfHeader: false })
    return `${above}${line}\n`
  }

  #value(at: readonly string[], depth: number): string {
    const kind = depth === 0 ? 9 : this.below(8)
    if (kind === 0) return this.#array(at, depth)
    return kind === 1 ? this.#inline(at, depth) : this.pick(SCALARS)
  }

  #array(at: readonly string[], depth: number): string {
    const items = Array.from({ length: this.below(4) }, () => {
      const item = this.#value(at, depth - 1)
      return `${this.#gap(at)}${item}${this.#gap(at)}`
    })
    return `[${items.join(',')}${items.length > 0 && this.chance(0.3) ? ',' : ''}${this.#gap(at)}]`
  }

  #inline(at: readonly string[], depth: number): string {
    const names = new Set(Array.from({ length: this.below(4) }, () => this.pick(NAMES)))
    const pairs = [...names].flatMap((name) => {
      const paths =
        depth > 0 && this.chance(0.3)
          ? [
              [name, 'p'],
              [name, 'q'],
            ]
          : [[name]]
      return paths.map((path) => {
        const value = this.#value(at, depth - 1)
        return `${this.#gap(at)}${this.#path(path)}${this.#space()}=${this.#space()}${value}${this.#gap(at)}`
      })
    })
    return `{${pairs.join(',')}${pairs.length > 0 && this.chance(0.2) ? ',' : ''}${this.#gap(at)}}`
  }

  #path(path: readonly string[]): string {
    const dot = this.chance(0.2) ? `${this.#space()}.${this.#space()}` : '.'
    return path.map((name) => this.#key(name)).join(dot)
  }

  #key(name: string): string {
    if (/^[\w-]+$/u.test(name) && this.chance(0.9)) return name
    return name.includes("'") || this.chance(0.5) ? JSON.stringify(name) : `'${name}'`
  }

  #space(): string {
    return this.pick(['', '', '', ' ', ' ', '  ', '\t'])
  }

  /** What may stand between the parts of an array or an inline table. */
  #gap(at: readonly string[]): string {
    if (this.chance(0.7)) return this.#space()
    this.#own(at, false)
    return this.chance(0.5) ? '\n  ' : ` ${this.#comment()}\n`
  }

  #linesAbove(): string {
    let text = ''
    while (this.chance(0.3)) text += `${this.#space()}${this.chance(0.7) ? this.#comment() : ''}\n`
    return text
  }

  #besides(): string {
    return this.#space() + (this.chance(0.25) ? this.#comment() : '')
  }

  #own(path: readonly string[], isOfHeader: boolean): void {
    this.#owner = { path, isOfHeader }
  }

  #comment(): string {
    const text = `# no. ${String(this.#comments.length)}, "=[{`
    this.#comments.push({ text, ...this.#owner })
    return text
  }
}
