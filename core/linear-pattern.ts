// A pattern is a sequence of items: what one character may be, and how often. Groups, alternatives, look-around and
// back references are not read at all: they are where regular expressions become slow.
const ITEM =
  /(\\[dDwWsSnrt]|\\[^A-Za-z0-9]|\.|\[\^?(?:\\[dDwWsSnrt]|\\[^A-Za-z0-9]|[^\]\\])+\]|[^\\^$.*+?()[\]{}|])([*+?]|\{\d{1,5}(?:,\d{0,5})?\})?/y

const MAX_LENGTH = 256

/** Every character that tells ASCII, Latin and Greek classes apart; those of the pattern itself come on top. */
const SAMPLE = Array.from({ length: 0x400 }, (_, unit) => String.fromCharCode(unit))

interface Item {
  /** Which of the sample it takes. */
  readonly takes: readonly string[]
  readonly isCounted: boolean
  readonly isVariable: boolean
  readonly isOptional: boolean
}

/**
 * Tells whether a regular expression is sure to take time in proportion to the text it is tried on.
 *
 * A pattern comes from a resource, the text from a user; together they must not be able to hold up the process. Sure are
 * sequences of characters and classes where it is never a question which item takes a character: whatever repeats is
 * followed by something that it cannot take itself (`^[\w-]+\.[\w-]+\.[\w-]+$`), and the pattern begins with `^` if
 * anything repeats. Everything else counts as not sure, most of it rightly.
 */
export function isLinearPattern(pattern: string): boolean {
  if (pattern.length > MAX_LENGTH) return false
  const items = readItems(pattern)
  if (items === null || compile(pattern) === null) return false
  if (!pattern.startsWith('^')) return !items.some((item) => item.isCounted)
  return items.every((item, at) => !item.isVariable || isSettled(item, items.slice(at + 1)))
}

/** Up to the next item that must take something, none takes what the repeated one takes. */
function isSettled(repeated: Item, followers: readonly Item[]): boolean {
  const mandatory = followers.findIndex((item) => !item.isOptional)
  const rivals = mandatory < 0 ? followers : followers.slice(0, mandatory + 1)
  return rivals.every((rival) => !rival.takes.some((character) => repeated.takes.includes(character)))
}

function readItems(pattern: string): readonly Item[] | null {
  const body = pattern.replace(/^\^/, '').replace(/\$$/, '')
  const sample = [...SAMPLE, ...pattern.split('')]
  const items: Item[] = []
  ITEM.lastIndex = 0
  while (ITEM.lastIndex < body.length) {
    const [, atom, count] = ITEM.exec(body) ?? []
    const one = atom === undefined ? null : compile(`^${atom}$`)
    if (one === null) return null
    items.push({ ...readCount(count), takes: sample.filter((character) => one.test(character)) })
  }
  return items
}

/** `null` for what JavaScript does not compile, such as a range that runs backwards. */
function compile(source: string): RegExp | null {
  try {
    return new RegExp(source)
  } catch {
    return null
  }
}

function readCount(count: string | undefined): Omit<Item, 'takes'> {
  if (count === undefined) return { isCounted: false, isVariable: false, isOptional: false }
  const isExact = /^\{\d+\}$/.test(count)
  return { isCounted: true, isVariable: !isExact, isOptional: /^(?:[*?]|\{0+[,}])/.test(count) }
}
