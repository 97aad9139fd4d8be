// JavaScript's \s and trim() count U+FEFF as white space and leave U+0085 out: neither is what Unicode says.
const LEADING = /^\p{White_Space}+/u
const TRAILING_CHARACTER = /\p{White_Space}/u

/** Takes away what Unicode calls White_Space at both ends, as the CLIs do: U+0085 included, U+FEFF not. */
export function trimWhiteSpace(text: string): string {
  // From the end by hand: a pattern that looks for white space before the end takes quadratic time on a run inside.
  let end = text.length
  while (end > 0 && TRAILING_CHARACTER.test(text.charAt(end - 1))) end -= 1
  return text.slice(0, end).replace(LEADING, '')
}
