/** What the server asked, as it came. */
export interface AskedCommand {
  readonly id: string
  readonly payload: Readonly<Record<string, unknown>>
}

const NAMESPACE = '/local-executor'

/** A device at the level of frames, over node's own WebSocket: nothing of Socket.IO between the test and the wire. */
export class ExecutorSocket {
  readonly #socket: WebSocket
  readonly #frames: string[] = []
  readonly #waiting: ((frame: string) => void)[] = []
  #nextId = 400
  pings = 0
  /** Whether pings are answered, as an executor does while no command runs. */
  answersPings = true
  /** Resolves with the code once the connection is gone. */
  readonly closed: Promise<number>

  private constructor(socket: WebSocket) {
    this.#socket = socket
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', (event) => resolve(event.code))
    })
    socket.addEventListener('message', (event) => this.#take(String(event.data)))
  }

  /** Opens the connection and reads the `open` packet. */
  static async open(url: string): Promise<ExecutorSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
    const executor = new ExecutorSocket(socket)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', reject, { once: true })
    })
    return executor
  }

  /** Opens, and joins with a token. */
  static async join(url: string, token: string): Promise<ExecutorSocket> {
    const executor = await ExecutorSocket.open(url)
    await executor.next()
    executor.send(`40${NAMESPACE},${JSON.stringify({ token })}`)
    const answer = await executor.next()
    if (!answer.startsWith(`40${NAMESPACE},{"sid":`)) throw new Error(`expected to join, got ${answer}`)
    return executor
  }

  send(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame)
  }

  /** The next frame that is not a ping. */
  async next(): Promise<string> {
    const frame = this.#frames.shift()
    return frame ?? new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Sends an event with an id and gives the first value of its answer; nothing else may come in between. */
  async ask(event: string, payload: unknown): Promise<unknown> {
    const id = this.#nextId++
    this.send(`42${NAMESPACE},${id}${JSON.stringify([event, payload])}`)
    const frame = await this.next()
    const prefix = `43${NAMESPACE},${id}`
    if (!frame.startsWith(prefix)) throw new Error(`expected an answer to ${event}, got ${frame}`)
    return JSON.parse(frame.slice(prefix.length))[0]
  }

  /** Sends an event that wants no answer. */
  tell(event: string, payload: unknown): void {
    this.send(`42${NAMESPACE},${JSON.stringify([event, payload])}`)
  }

  /** The next frame has to be a command. */
  async command(): Promise<AskedCommand> {
    const frame = await this.next()
    const match = /^42\/local-executor,(\d+)(\["device:execute_command",.*)$/s.exec(frame)
    if (match?.[1] === undefined || match[2] === undefined)
      throw new Error(`expected a command, got ${frame}`)
    return { id: match[1], payload: JSON.parse(match[2])[1] }
  }

  /** Answers a command, with whatever. */
  answer({ id }: AskedCommand, ...values: readonly unknown[]): void {
    this.send(`43${NAMESPACE},${id}${JSON.stringify(values)}`)
  }

  close(): void {
    this.#socket.close()
  }

  #take(frame: string): void {
    if (frame === '2') {
      this.pings += 1
      if (this.answersPings) this.#socket.send('3')
      return
    }
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#frames.push(frame)
    else waiting(frame)
  }
}
