/** What {@link readBoundedText} was given is not fit to be a text. */
export type Unfit = 'too-large' | 'not-utf8'

/**
 * Reads a whole text, strictly: at most so many bytes, and UTF-8.
 *
 * A lenient reader would put replacement characters into a login, and an endless source would take all memory.
 */
export async function readBoundedText(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly text: string } | { readonly unfit: Unfit }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    size += chunk.length
    if (size > maxBytes) return { unfit: 'too-large' }
    chunks.push(chunk)
  }
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return { text: decoder.decode(Buffer.concat(chunks)) }
  } catch {
    // The decoder's only failure, and it is an answer.
    return { unfit: 'not-utf8' }
  }
}
