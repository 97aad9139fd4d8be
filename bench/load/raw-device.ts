import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { FrameReader, textFrame } from './frames.ts'

const NAMESPACE = '/local-executor,'
const OPEN_WITHIN_MS = 20_000

/** A command as it comes over the wire. */
export type CommandHandler = (payload: unknown) => Promise<unknown>

/**
 * A device that speaks Engine.IO and Socket.IO in as few cycles as possible, so that the load does not cost more than the
 * server it measures.
 */
export class RawDevice {
  readonly #socket: Socket
  readonly #reader = new FrameReader()
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>
  #registered: unknown = null
  #onAck: (() => void) | null = null
  #onCommand: CommandHandler | null = null
  #nextId = 1
  #joined: (() => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', () => socket.destroy())
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
  }

  /** What the server answered to the registration. */
  get registered(): unknown {
    return this.#registered
  }

  /** Connects, joins the namespace and registers. Rejects when the connection ends before, or after 20 s. */
  static async open(
    address: string,
    token: string,
    register: Readonly<Record<string, unknown>>,
  ): Promise<RawDevice> {
    const { hostname, port } = new URL(address)
    const socket = connect(Number(port), hostname)
    socket.setNoDelay(true)
    const impatient = setTimeout(() => socket.destroy(), OPEN_WITHIN_MS)
    const over = once(socket, 'close').then(() => Promise.reject(new Error('the connection ended early')))
    over.catch(() => undefined)
    try {
      return await Promise.race([RawDevice.#enter(socket, { hostname, token, register }), over])
    } finally {
      clearTimeout(impatient)
    }
  }

  static async #enter(
    socket: Socket,
    { hostname, token, register }: { hostname: string; token: string; register: object },
  ): Promise<RawDevice> {
    await once(socket, 'connect')
    const rest = await upgrade(socket, hostname)
    const device = new RawDevice(socket)
    device.#read(rest)
    await device.#join(token)
    device.#registered = await device.ask('device:register', register)
    return device
  }

  /** Sends an event and resolves with its answer. */
  ask(event: string, payload: unknown): Promise<unknown> {
    const id = this.#nextId++
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve))
    this.#socket.write(textFrame(`42${NAMESPACE}${id}${JSON.stringify([event, payload])}`))
    return answer
  }

  /** Sends an event without asking for an answer. */
  tell(event: string, payload: unknown): void {
    this.#socket.write(textFrame(`42${NAMESPACE}${JSON.stringify([event, payload])}`))
  }

  /** Writes ready-made frames; `onAck` is called for each acknowledgement from now on. */
  flood(frames: Buffer, onAck: () => void): void {
    this.#onAck = onAck
    this.#socket.write(frames)
  }

  onCommand(handler: CommandHandler): void {
    this.#onCommand = handler
  }

  close(): void {
    this.#socket.destroy()
  }

  #join(token: string): Promise<void> {
    const joined = new Promise<void>((resolve) => (this.#joined = resolve))
    this.#socket.write(textFrame(`40${NAMESPACE}${JSON.stringify({ token })}`))
    return joined
  }

  #read(chunk: Buffer): void {
    for (const payload of this.#reader.push(chunk)) this.#take(payload)
  }

  #take(payload: Buffer): void {
    if (payload[0] === 0x32) return void this.#socket.write(textFrame('3'))
    if (payload[0] !== 0x34) return
    if (payload[1] === 0x33 && this.#onAck !== null) return this.#onAck()
    const text = payload.toString('utf8')
    if (text.startsWith(`40${NAMESPACE}`)) this.#joined?.()
    else if (text.startsWith(`43${NAMESPACE}`)) this.#answer(text.slice(2 + NAMESPACE.length))
    else if (text.startsWith(`42${NAMESPACE}`)) void this.#obey(text.slice(2 + NAMESPACE.length))
  }

  #answer(text: string): void {
    const at = text.indexOf('[')
    const id = Number(text.slice(0, at))
    this.#waiting.get(id)?.((JSON.parse(text.slice(at)) as unknown[])[0])
    this.#waiting.delete(id)
  }

  async #obey(text: string): Promise<void> {
    const at = text.indexOf('[')
    const [event, payload] = JSON.parse(text.slice(at)) as [string, unknown]
    if (event !== 'device:execute_command' || this.#onCommand === null) return
    const answer = await this.#onCommand(payload)
    this.#socket.write(textFrame(`43${NAMESPACE}${text.slice(0, at)}${JSON.stringify([answer])}`))
  }
}

/** One heartbeat as a ready-made frame that asks for an answer. */
export function heartbeatFrame(payload: unknown): Buffer {
  return textFrame(`42${NAMESPACE}1${JSON.stringify(['device:heartbeat', payload])}`)
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Resolves with the bytes that came after the answer's head: the first frames may be among them. */
async function upgrade(socket: Socket, host: string): Promise<Buffer> {
  socket.write(
    `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n',
  )
  let head: Buffer = Buffer.alloc(0)
  while (!head.includes(HEAD_END)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head = Buffer.concat([head, chunk])
  }
  const first = head.subarray(0, 12).toString('latin1')
  if (first !== 'HTTP/1.1 101') throw new Error(`expected 101 Switching Protocols, got ${first}`)
  return head.subarray(head.indexOf(HEAD_END) + HEAD_END.length)
}
