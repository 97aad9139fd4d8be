const MARKS = /^[\p{Mn}\p{Me}\u200B-\u200D\u2060]$/u

// East Asian scripts, full-width forms and emoji take two columns of a terminal (Unicode Standard Annex 11).
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]$|^\p{Emoji_Presentation}$/u

const PLAIN = /^[\x20-\x7E]*$/

/** How many columns of a terminal one code point takes: none for a mark on the letter before it, two for a wide one. */
export function codePointWidth(character: string): 0 | 1 | 2 {
  if (PLAIN.test(character)) return 1
  if (MARKS.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  return Array.from(text).reduce((width, character) => width + codePointWidth(character), 0)
}

/** The text in at most so many columns, its end replaced by `…` if it needs more. Never cuts a letter from its marks. */
export function shorten(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const character of text) {
    left -= codePointWidth(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}…`
}

/** The same with `…` in place of the beginning: for keys and paths, whose end tells them apart. */
export function shortenStart(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  const kept: string[] = []
  let left = width - 1
  for (const character of Array.from(text).toReversed()) {
    left -= codePointWidth(character)
    if (left < 0) break
    kept.unshift(character)
  }
  return `…${kept.join('')}`
}

/** The text with as many spaces behind it as it takes to fill so many columns. */
export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}
