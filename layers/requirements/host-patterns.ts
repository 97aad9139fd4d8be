import { trimWhiteSpace } from '#layers/white-space.ts'

/**
 * Decides by which name a machine is matched: the resolver's canonical name if that is a qualified one, else the kernel's.
 * Only this one name counts, so that a qualified machine does not answer to its short name too (spec 07 §17).
 *
 * @param kernel what the kernel calls the machine
 * @param canonical what the resolver answers when asked for that name; null when it knows none
 * @returns the name in lower case without trailing dots, or null for a machine without a name
 */
export function chooseHostName(kernel: string, canonical: string | null): string | null {
  const name = normaliseHostName(kernel)
  if (name === '') return null
  const qualified = normaliseHostName(canonical ?? '')
  return qualified.includes('.') ? qualified : name
}

/**
 * Whether a host name fits a pattern as a whole. `*` stands for any run of characters, `?` for exactly one, a dot too;
 * everything else stands for itself. An empty pattern fits nothing.
 *
 * @param host a name as {@link chooseHostName} gives it
 */
export function matchesHost(pattern: string, host: string): boolean {
  const wanted = normaliseHostName(pattern)
  return wanted !== '' && matchesGlob(Array.from(wanted), Array.from(host))
}

function normaliseHostName(name: string): string {
  const trimmed = trimWhiteSpace(name)
  let end = trimmed.length
  while (trimmed.charAt(end - 1) === '.') end -= 1
  return trimmed.slice(0, end).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

// Goes back to the last star only, so that the time is at most the product of the lengths, whatever the pattern.
function matchesGlob(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0
  let star = -1
  let retryFrom = 0
  let index = 0
  while (index < text.length) {
    if (pattern[at] === '*') {
      star = at
      at += 1
      retryFrom = index
    } else if (pattern[at] === '?' || pattern[at] === text[index]) {
      at += 1
      index += 1
    } else if (star === -1) {
      return false
    } else {
      at = star + 1
      retryFrom += 1
      index = retryFrom
    }
  }
  return pattern.slice(at).every((character) => character === '*')
}
