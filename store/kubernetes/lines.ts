import { StringDecoder } from 'node:string_decoder'

import { AppError } from '#core/errors.ts'

/** Far more than etcd takes for one object. */
const MAX_LINE_CHARACTERS = 16 * 1024 * 1024

/**
 * Cuts a stream of bytes into its lines, without their line feeds. What comes after the last line feed is a line too.
 *
 * @throws AppError `EXPIRED` for a line that no object can be as long as: the stream is broken, and has to begin anew
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  maxCharacters = MAX_LINE_CHARACTERS,
): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest: string[] = []
  let length = 0
  for await (const chunk of chunks) {
    const [head = '', ...more] = decoder.write(chunk).split('\n')
    rest.push(head)
    length += head.length
    for (const next of more) {
      yield rest.join('')
      rest = [next]
      length = next.length
    }
    if (length > maxCharacters)
      throw new AppError('EXPIRED', 'a line of the watch is longer than any object; listing again')
  }
  const last = rest.join('') + decoder.end()
  if (last !== '') yield last
}
