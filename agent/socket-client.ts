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

const CHANGEABLE = { configurable: true, enumerable: false, writable: true } as const

// The client's browser half looks at the global WebSocket when it is loaded, which makes Node load its whole HTTP client:
// 10 MB of memory for a half that is not used here. The global comes back as what it was, a value made on first use;
// looking at it before taking it away would make it too.
async function loadClient() {
  if (!Reflect.deleteProperty(globalThis, 'WebSocket')) return import('socket.io-client')
  try {
    return await import('socket.io-client')
  } finally {
    const get = (): unknown => Reflect.get(process.getBuiltinModule('node:http'), 'WebSocket')
    const set = (value: unknown) =>
      void Object.defineProperty(globalThis, 'WebSocket', { value, ...CHANGEABLE })
    Object.defineProperty(globalThis, 'WebSocket', { configurable: true, enumerable: false, get, set })
  }
}
