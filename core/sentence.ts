/** A word of a sentence, rather than a path such as `spec.auth`. */
const FIRST_WORD = /^[a-z]+(?=[\s,:;]|$)/

/** Makes a sentence of an error's words, which begin in lower case and end without a full stop. */
export function toSentence(words: string): string {
  const text = words.trim()
  const end = text.endsWith('.') ? '' : '.'
  return `${text.replace(FIRST_WORD, (word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)}${end}`
}
