interface Streams {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
}

/**
 * Makes a reader that goes away (`| head -1`) no failure, and a result that cannot be written (a full disk) one in a sentence.
 *
 * A server or an agent goes on: what it does matters more than who watches.
 */
export function guardStreams({ stdout, stderr }: Streams, fail: (line: string) => void): void {
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') fail(`the result cannot be written to stdout: ${error.code ?? error.message}`)
  })
  // There is no place left to say so.
  stderr.on('error', () => {})
}
