import { createServer } from 'node:http'

import { Server } from 'socket.io'

import { serveControl } from './control.ts'
import { listen } from './listen.ts'

// The floor of the device rows: a Socket.IO server with the same options that only acknowledges, and answers a heartbeat
// that says `missing` with one command.
const http = createServer()
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  pingTimeout: 90_000,
  pingInterval: 25_000,
  maxHttpBufferSize: 12 * 1024 * 1024,
  serveClient: false,
})

interface Heartbeat {
  readonly runtime_auth_files?: { readonly codex?: { readonly exists?: boolean } }
}

io.of('/local-executor').on('connection', (socket) => {
  socket.on('device:register', (payload: { readonly device_id: string }, ack: (answer: object) => void) => {
    ack({ success: true, device_id: payload.device_id })
  })
  socket.on('device:heartbeat', (payload: Heartbeat, ack?: (answer: object) => void) => {
    ack?.({ success: true })
    if (payload.runtime_auth_files?.codex?.exists !== false) return
    socket.emit(
      'device:execute_command',
      { command_key: 'sync_runtime_auth_file', env: { CONTENT: 'x'.repeat(200) } },
      () => {},
    )
  })
})

const address = await listen(http)
serveControl({ address }, async () => {
  await io.close()
})
