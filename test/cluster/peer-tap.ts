import { connect, createServer, type Socket } from 'node:net'

import { freePort } from '#test/support/free-port.ts'
import { listen } from '#test/support/proxies.ts'

/** Somebody on the network between replicas. */
export interface PeerTap {
  /** Of `serve`: listens beside the tap, and sends the others through it. */
  readonly flags: readonly string[]
  /** The replica itself, past the tap. */
  readonly behind: string
  /** Everything that went through, both ways, byte for byte. */
  heard(): string
  close(): Promise<void>
}

/** Puts a wire before a replica that notes all bytes. */
export async function tapPeer(): Promise<PeerTap> {
  const port = await freePort()
  const heard: Buffer[] = []
  const note = (from: Socket, to: Socket): void => {
    from.on('data', (chunk: Buffer) => {
      heard.push(chunk)
      to.write(chunk)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
  const tap = await listen(
    createServer((socket) => {
      const replica = connect(port, '127.0.0.1')
      note(socket, replica)
      note(replica, socket)
    }),
  )
  return {
    flags: ['--peer-listen', `127.0.0.1:${port}`, '--peer-url', `http://127.0.0.1:${tap.port}`],
    behind: `http://127.0.0.1:${port}`,
    heard: () => Buffer.concat(heard).toString('latin1'),
    close: async () => tap[Symbol.asyncDispose](),
  }
}
