import { Writable } from 'node:stream'

/** A stream that is no terminal and remembers what was written. */
export function aStream(): NodeJS.WriteStream & { readonly written: string } {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return Object.defineProperty(stream, 'written', {
    get: () => chunks.join(''),
  }) as unknown as NodeJS.WriteStream & {
    readonly written: string
  }
}
