import { connect } from 'node:net'

/** Sends bytes as they are to a server and gives everything it answers until it closes, or until `isEnough`. */
export function sendRaw(
  address: string,
  parts: readonly (string | Buffer)[],
  isEnough: (answer: string) => boolean = () => false,
): Promise<string> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const textOf = (): string => Buffer.concat(chunks).toString('latin1')
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      for (const part of parts) socket.write(part)
    })
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (isEnough(textOf())) socket.destroy()
    })
    // A server that closes while bytes are still on their way to it shows as a reset; what it said counts.
    socket.on('error', () => {})
    socket.on('close', () => resolve(textOf()))
  })
}

/** Tells that one whole answer with a length came. */
export function isOneAnswer(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return end > 0 && length !== undefined && text.length >= end + 4 + Number(length)
}

/** Sends a text and drops the connection as soon as it is on its way. */
export function sendAndLeave(address: string, text: string): Promise<void> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      socket.write(text, () => socket.destroy())
    })
    socket.on('close', () => resolve())
  })
}
