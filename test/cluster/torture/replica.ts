import { join } from 'node:path'

import { freePort } from '#test/support/free-port.ts'
import { type RunningCommand, runCommand } from '#test/support/installation.ts'

/** What all replicas of an installation share. */
export interface ReplicaSetting {
  readonly kubeconfig: string
  readonly namespace: string
  /** Holds `keyring.json`, `signing-key.pem` and `peer-token`. */
  readonly folder: string
}

/** A `runtimeconfig serve --store kubernetes` that can be killed, frozen and started again. */
export class Replica {
  readonly name: string
  readonly #setting: ReplicaSetting
  readonly #ports: { readonly peer: number; readonly http: number }
  #starting: Promise<RunningCommand | null> = Promise.resolve(null)
  #running: RunningCommand | null = null
  #isFrozen = false

  private constructor(
    name: string,
    setting: ReplicaSetting,
    ports: { readonly peer: number; readonly http: number },
  ) {
    this.name = name
    this.#setting = setting
    this.#ports = ports
  }

  /** Gives one that is to be started; it keeps its addresses whatever becomes of it. */
  static async prepare(name: string, setting: ReplicaSetting): Promise<Replica> {
    return new Replica(name, setting, { peer: await freePort(), http: await freePort() })
  }

  get address(): string {
    return `http://127.0.0.1:${this.#ports.http}`
  }

  /** Whether a balancer would send somebody here. */
  get isServing(): boolean {
    return this.#running !== null && !this.#isFrozen
  }

  get pid(): number | undefined {
    return this.#running?.child.pid
  }

  /** What it wrote to its log, of this life. */
  get log(): string {
    return this.#running?.said() ?? ''
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const { kubeconfig, namespace, folder } = this.#setting
    const peer = `127.0.0.1:${this.#ports.peer}`
    const flags = {
      store: 'kubernetes',
      kubeconfig,
      'operator-namespace': namespace,
      keyring: join(folder, 'keyring.json'),
      'signing-key': join(folder, 'signing-key.pem'),
      replica: this.name,
      listen: `127.0.0.1:${this.#ports.http}`,
      'peer-listen': peer,
      'peer-url': `http://${peer}`,
      'peer-token-file': join(folder, 'peer-token'),
      'requests-per-minute': '1000000',
      'log-level': 'info',
      'log-format': 'json',
      output: 'json',
    }
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
    this.#starting = runCommand(['serve', ...args], { HOME: folder })
    this.#running = await this.#starting
    this.#isFrozen = false
  }

  /** As a node that loses power. */
  async kill(): Promise<void> {
    const running = this.#running
    this.#running = null
    await running?.kill('SIGKILL')
  }

  /** Also one that is still starting. */
  async stop(): Promise<void> {
    this.thaw()
    const running = await this.#starting.catch(() => null)
    this.#running = null
    await running?.kill('SIGTERM')
  }

  /** Nothing in it goes on, its connections stay. */
  freeze(): void {
    this.#running?.child.kill('SIGSTOP')
    this.#isFrozen = true
  }

  /** It goes on where it stood, and knows nothing of the time between. */
  thaw(): void {
    this.#running?.child.kill('SIGCONT')
    this.#isFrozen = false
  }
}
