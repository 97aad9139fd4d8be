import type { Socket } from 'node:net'

/** Reads a handshake off a socket piece by piece, then gives the socket back untouched behind it. */
export class SocketReader {
  readonly #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #end: string | null = null
  #wake: () => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', this.#onData)
    socket.on('close', this.#onClose)
  }

  /** @throws Error when the connection ends first */
  async read(length: number): Promise<Buffer> {
    while (this.#buffer.length < length) await this.#more()
    return this.#take(length)
  }

  /** Reads up to and including a marker. @throws Error when the connection ends first, or after `limit` bytes */
  async readUntil(marker: string, limit: number): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(marker)
      if (at !== -1) return this.#take(at + marker.length)
      if (this.#buffer.length > limit) throw new Error('the answer is too long')
      await this.#more()
    }
  }

  /** Stops reading; what came too much is put back. */
  release(): void {
    this.#socket.off('data', this.#onData)
    this.#socket.off('close', this.#onClose)
    this.#socket.pause()
    if (this.#buffer.length > 0) this.#socket.unshift(this.#buffer)
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }

  async #more(): Promise<void> {
    if (this.#end !== null) throw new Error(this.#end)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    this.#wake()
  }

  readonly #onClose = (): void => {
    this.#end = 'the connection was closed'
    this.#wake()
  }
}
