import type { Socket } from 'socket.io-client'

import { DEVICE_NAMESPACE } from '#protocol/register.ts'

/** Where to connect, and with what. */
export interface SocketAddress {
  readonly serverUrl: string
  readonly token: string
}

/**
 * Makes a socket that connects once, over WebSocket only; coming back is decided by {@link file://./connection.ts}.
 *
 * A server below a path (`https://host/base/`) is looked for at `/base/socket.io/`.
 */
export async function openSocket({ serverUrl, token }: SocketAddress): Promise<Socket> {
  const url = new URL(serverUrl)
  const { io } = await loadClient()
  return io(`${url.origin}${DEVICE_NAMESPACE}`, {
    path: `${url.pathname.replace(/\/+$/, '')}/socket.io/`,
    auth: { token },
    transports: ['websocket'],
    reconnection: false,
    autoConnect: false,
    forceNew: true,
    timeout: 20_000,
  })
}

// The client's browser half looks at the global WebSocket when it is loaded, which makes Node load its HTTP client: 10 MB of
// memory for nothing, as this half is not used here.
async function loadClient() {
  const kept = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  Reflect.deleteProperty(globalThis, 'WebSocket')
  try {
    return await import('socket.io-client')
  } finally {
    if (kept !== undefined) Object.defineProperty(globalThis, 'WebSocket', kept)
  }
}
