import type { Dice } from './dice.ts'
import { type ArrayOf, type Node, spellKey, type TableOf } from './random-values.ts'

/** A header and what stands below it, or the pairs before the first header. */
type Block = string

const COMMENTS = ['# note', '#', '#\ttab', '# é 😀 "quoted"', '#x = 1', '# [no.header]'] as const

/** Writes a table as a TOML text in one of its many spellings. The text is valid. */
export function spellDocument(dice: Dice, table: TableOf): string {
  const blocks: Block[] = []
  const first = pairsOf(dice, table, { path: [], blocks })
  const shuffled = dice.chance(0.15) ? shuffle(dice, blocks) : blocks
  let text = first + shuffled.join(dice.chance(0.5) ? '\n' : '')
  if (dice.chance(0.1)) text += `${dice.pick(['', '\n'])}${dice.pick(COMMENTS)}\n`
  if (dice.chance(0.08)) text = text.replace(/\n+$/u, '')
  if (dice.chance(0.06)) text = text.replaceAll(/\r?\n/gu, '\r\n')
  return dice.chance(0.03) ? `\uFEFF${text}` : text
}

interface Place {
  readonly path: readonly string[]
  /** Takes the blocks of tables below. */
  readonly blocks: Block[]
}

/** The pairs of one table; tables that get a header of their own go to the blocks. */
function pairsOf(dice: Dice, table: TableOf, place: Place): string {
  let text = ''
  for (const [key, node] of table.entries) {
    const path = [...place.path, spellKey(dice, key)]
    if (node.kind === 'table' && dice.chance(0.65)) sectionOf(dice, node, { ...place, path })
    else if (isOfTables(node) && dice.chance(0.7)) place.blocks.push(arrayOfTables(dice, node, path))
    else text += pair(dice, [spellKey(dice, key)], node)
  }
  return text
}

function sectionOf(dice: Dice, table: TableOf, place: Place): void {
  const below: Block[] = []
  const pairs = pairsOf(dice, table, { path: place.path, blocks: below })
  const implicit = pairs === '' && below.length > 0 && dice.chance(0.7)
  if (!implicit) place.blocks.push(above(dice) + header(dice, place.path, 1) + pairs)
  place.blocks.push(...below)
}

/** All elements with everything below them in one block: their order means something. */
function arrayOfTables(dice: Dice, array: ArrayOf, path: readonly string[]): Block {
  return array.items
    .filter((item) => item.kind === 'table')
    .map((item) => {
      const blocks: Block[] = []
      const pairs = pairsOf(dice, item, { path, blocks })
      return above(dice) + header(dice, path, 2) + pairs + blocks.join('')
    })
    .join(dice.pick(['', '\n']))
}

function isOfTables(node: Node): node is ArrayOf {
  return node.kind === 'array' && node.items.length > 0 && node.items.every((item) => item.kind === 'table')
}

function header(dice: Dice, path: readonly string[], brackets: number): string {
  const space = dice.chance(0.05) ? ' ' : ''
  const [open, close] = ['['.repeat(brackets), ']'.repeat(brackets)]
  const dot = dice.chance(0.04) ? ' . ' : '.'
  return `${indent(dice)}${open}${space}${path.join(dot)}${space}${close}${trailing(dice)}\n`
}

function pair(dice: Dice, path: readonly string[], node: Node): string {
  // A dotted key spells a table without braces; an empty one has no other spelling here.
  if (node.kind === 'table' && node.entries.size > 0 && dice.chance(0.45)) {
    return [...node.entries].map(([key, below]) => pair(dice, [...path, spellKey(dice, key)], below)).join('')
  }
  const dot = dice.chance(0.04) ? ' . ' : '.'
  const equals = dice.chance(0.85) ? ' = ' : dice.pick(['=', ' =', '= ', '   =  ', '\t=\t'])
  return `${above(dice)}${indent(dice)}${path.join(dot)}${equals}${inline(dice, node)}${trailing(dice)}\n`
}

function inline(dice: Dice, node: Node): string {
  if (node.kind === 'scalar') return node.text
  if (node.kind === 'array')
    return brackets(
      dice,
      ['[', ']'],
      node.items.map((item) => inline(dice, item)),
    )
  const pairs = [...node.entries].flatMap(([key, below]) => inlinePair(dice, spellKey(dice, key), below))
  return brackets(dice, ['{', '}'], pairs)
}

function inlinePair(dice: Dice, key: string, node: Node): readonly string[] {
  if (node.kind === 'table' && node.entries.size > 0 && dice.chance(0.3)) {
    return [...node.entries].flatMap(([next, below]) =>
      inlinePair(dice, `${key}.${spellKey(dice, next)}`, below),
    )
  }
  return [`${key}${dice.chance(0.8) ? ' = ' : '='}${inline(dice, node)}`]
}

function brackets(dice: Dice, [open, close]: readonly [string, string], items: readonly string[]): string {
  if (dice.chance(0.15)) {
    const lines = items.map((item) => `  ${item},${trailing(dice)}\n`)
    return `${open}${trailing(dice)}\n${lines.join('')}${dice.chance(0.2) ? '  # last\n' : ''}${close}`
  }
  const space = dice.chance(0.6) === (open === '{') ? ' ' : ''
  if (items.length === 0) return `${open}${dice.chance(0.2) ? ' ' : ''}${close}`
  const comma = dice.chance(0.05) ? ',' : ''
  return `${open}${space}${items.join(dice.chance(0.8) ? ', ' : ',')}${comma}${space}${close}`
}

function above(dice: Dice): string {
  if (dice.chance(0.85)) return dice.chance(0.08) ? '\n' : ''
  return dice.some(1, 2, () => `${indent(dice)}${dice.pick(COMMENTS)}\n`).join('')
}

function trailing(dice: Dice): string {
  return dice.chance(0.88) ? '' : `${dice.pick([' ', '   ', '\t', ''])}${dice.pick(COMMENTS)}`
}

function indent(dice: Dice): string {
  return dice.chance(0.92) ? '' : dice.pick(['  ', '\t', ' '])
}

function shuffle<Item>(dice: Dice, items: readonly Item[]): readonly Item[] {
  const left = [...items]
  return items.flatMap(() => left.splice(dice.below(left.length), 1))
}

const NOISE = [
  '=',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '.',
  '#',
  '\n',
  '\r',
  ' ',
  '\\',
  '\u0000',
  'é',
  '_',
  '-',
  '+',
  '0',
  '1e',
  '[[',
  '"""',
  "'''",
  '\t',
  ':',
  'a',
  '\uFEFF',
  '\\u12',
  '😀',
  '\u2028',
] as const

/** Damages a text in a place or two: it may still be valid. */
export function damage(dice: Dice, text: string): string {
  let damaged = text
  for (let left = dice.between(1, 2); left > 0; left -= 1) damaged = damageOnce(dice, damaged)
  // Half of a pair of surrogates is no character: no file can hold it.
  return damaged.toWellFormed()
}

function damageOnce(dice: Dice, text: string): string {
  const at = dice.below(text.length + 1)
  const end = Math.min(text.length, at + dice.between(1, 3))
  return dice.pick([
    () => text.slice(0, at) + text.slice(end),
    () => text.slice(0, at) + dice.pick(NOISE) + text.slice(at),
    () => text.slice(0, at) + dice.pick(NOISE) + text.slice(end),
    () => text.slice(0, at),
    () => text + (dice.pick(text.split('\n')) ?? ''),
  ])()
}
