import type { HeartbeatPayload } from '#protocol/heartbeat.ts'

import type { ConfigReports } from './config-reports.ts'
import type { Inspector } from './inspect.ts'
import type { AgentPorts } from './ports.ts'

/** Between two heartbeats when nothing changes. */
const HEARTBEAT_MS = 30_000

/** Between two looks whether an auth file, or a configuration, changed. */
const POLL_MS = 2000

/** What heartbeats are made of and where they go. */
export interface HeartbeatDeps {
  readonly inspector: Inspector
  readonly configs: ConfigReports
  readonly ports: Pick<AgentPorts, 'clock' | 'listProcesses'>
  readonly deviceId: string
  readonly version: string
  /** Rejects when the session is over. */
  readonly send: (payload: HeartbeatPayload) => Promise<void>
  readonly onEnd: (error: unknown) => void
}

/** Our own agent, among executors that say much more about themselves. */
export const AGENT_FEATURES = { runtimeConfigAgent: { schemaVersion: 1 } } as const

/** Sends heartbeats: at once, every 30 s, and whenever an auth file or a configuration changed; one at a time. */
export class Heartbeat {
  readonly #deps: HeartbeatDeps
  #sentSignature = ''
  #isSending = false
  #isWanted = false
  #cancelNext: () => void = () => {}
  #cancelPoll: () => void = () => {}
  #isStopped = false

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps
  }

  start(): void {
    this.beat()
    this.#poll()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelNext()
    this.#cancelPoll()
  }

  /** Sends one now; if one is on its way, another one follows it. */
  beat(): void {
    this.#isWanted = true
    if (this.#isSending || this.#isStopped) return
    this.#isSending = true
    this.#sendWanted().catch((error: unknown) => {
      this.stop()
      this.#deps.onEnd(error)
    })
  }

  async #sendWanted(): Promise<void> {
    this.#cancelNext()
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false
      await this.#deps.send(await this.#payload())
    }
    this.#isSending = false
    if (!this.#isStopped) this.#cancelNext = this.#deps.ports.clock.after(HEARTBEAT_MS, () => this.beat())
  }

  async #payload(): Promise<HeartbeatPayload & { readonly runtime_features: object }> {
    const { inspector, configs, ports, deviceId, version } = this.#deps
    const isCounting = inspector.assignment.runtimes.some(({ processName }) => processName !== null)
    const processes = isCounting ? await ports.listProcesses() : null
    // The signature first: a change between the two is then seen by the next poll.
    this.#sentSignature = inspector.signature()
    const layers = configs.report()
    return {
      device_id: deviceId,
      running_task_ids: [],
      executor_version: version,
      runtime_features: AGENT_FEATURES,
      runtime_auth_files: inspector.report(processes),
      ...(layers !== null && { runtime_config_layers: layers }),
    }
  }

  #poll(): void {
    this.#cancelPoll = this.#deps.ports.clock.after(POLL_MS, () => {
      if (!this.#isSending && this.#deps.inspector.signature() !== this.#sentSignature) this.beat()
      void this.#lookAtConfigs()
      this.#poll()
    })
  }

  // After the first heartbeat and never before it: what reads configurations is loaded when the device is in already.
  async #lookAtConfigs(): Promise<void> {
    if (await this.#deps.configs.refresh()) this.beat()
  }
}
