import { setTimeout as pause } from 'node:timers/promises'

import { backoffDelay, RECONNECT } from '#agent/backoff.ts'
import { Fence } from '#agent/fence.ts'
import { AGENT_FEATURES } from '#agent/heartbeat.ts'
import { RawDevice } from '#bench/load/raw-device.ts'
import { systemClock } from '#cli/system-clock.ts'
import { Secret } from '#core/secret.ts'
import { COMMAND_ENV, COMMAND_EXIT, joinContent, parseNumberText } from '#protocol/command-env.ts'
import { digestUnder } from '#secrets/document-digest.ts'

/** A replica as a load balancer knows it. */
export interface Endpoint {
  readonly replica: string
  readonly address: string
}

/** What a device got, and what it did with it. */
export interface Receipt {
  /** Epoch ms. */
  readonly at: number
  readonly replica: string
  readonly status: 'written' | 'skipped_existing' | 'older_document' | 'stale_fence'
  /** `null`: the command had none. */
  readonly documentNumber: number | null
  /** Came over a connection that the device had left behind. */
  readonly isLate: boolean
}

export interface DeviceOptions {
  readonly id: string
  readonly token: string
  /** Those that a balancer would choose from. */
  readonly endpoints: () => readonly Endpoint[]
  readonly random: () => number
}

const HEARTBEAT_MS = 30_000
const ANSWER_WITHIN_MS = 10_000

/** A device with the rules of our agent about fences and document numbers; it keeps what it got in memory. */
export class FencedDevice {
  readonly id: string
  readonly receipts: Receipt[] = []
  /** Epoch ms of the registration it has now, or had last. */
  connectedAt = 0
  readonly #options: DeviceOptions
  readonly #fence = new Fence(systemClock)
  readonly #left: RawDevice[] = []
  #content: string | null = null
  #writtenAt = 0
  #number: number | null = null
  #key: Secret<string> | null = null
  #connection: { readonly raw: RawDevice; readonly replica: string } | null = null

  constructor(options: DeviceOptions) {
    this.id = options.id
    this.#options = options
  }

  /** The replica it is registered at; `null`: none. */
  get replica(): string | null {
    return this.#connection?.replica ?? null
  }

  get content(): string | null {
    return this.#content
  }

  /** Stays connected, to whatever replica there is, until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted;) {
      attempt = (await this.#attend(signal)) ? 0 : attempt + 1
      await pause(backoffDelay(RECONNECT, attempt, this.#options.random))
    }
    for (const raw of this.#left) raw.close()
  }

  /** One connection, to its end; gives whether there was one. */
  async #attend(signal: AbortSignal): Promise<boolean> {
    const raw = await this.#open()
    if (raw === null) return false
    const close = () => raw.close()
    signal.addEventListener('abort', close)
    while (!signal.aborted && (await this.#beat(raw))) {
      const isOver = await Promise.race([
        raw.closed.then(() => true),
        pause(HEARTBEAT_MS, false, { ref: false }),
      ])
      if (isOver) break
    }
    signal.removeEventListener('abort', close)
    this.#fence.retire()
    this.#connection = null
    // A server that is silent may speak again: what it says then is what fences are for.
    if (signal.aborted) raw.close()
    else this.#left.push(raw)
    return true
  }

  async #open(): Promise<RawDevice | null> {
    const endpoints = this.#options.endpoints()
    const endpoint = endpoints[Math.floor(this.#options.random() * endpoints.length)]
    if (endpoint === undefined) return null
    const { id } = this
    const registration = {
      device_id: id,
      name: id,
      device_type: 'local',
      executor_version: '1.0.0',
      runtime_features: AGENT_FEATURES,
      fence: this.#fence.draw(),
    }
    try {
      const raw = await RawDevice.open(endpoint.address, this.#options.token, registration)
      const answer = raw.registered as { readonly digest_key?: string; readonly fence?: number }
      if (typeof answer.digest_key !== 'string') throw new Error('no key came with the answer')
      this.#key = new Secret(answer.digest_key)
      this.#fence.confirm(answer.fence)
      this.#connection = { raw, replica: endpoint.replica }
      this.connectedAt = Date.now()
      raw.onCommand((payload) => this.#obey(payload, { raw, replica: endpoint.replica }))
      return raw
    } catch {
      this.#fence.retire()
      return null
    }
  }

  /** Sends a heartbeat; gives whether the server took it. */
  async #beat(raw: RawDevice): Promise<boolean> {
    const silence = pause(ANSWER_WITHIN_MS, null, { ref: false })
    const answer = await Promise.race([raw.ask('device:heartbeat', this.#heartbeat()), silence, raw.closed])
    return (answer as { readonly success?: boolean } | null | undefined)?.success === true
  }

  #heartbeat(): object {
    const digest = this.#digest()
    const file = {
      target_path: '/home/u/.codex/auth.json',
      exists: digest !== null,
      last_written_digest: digest,
    }
    const content = digest !== null && { digest, mode: 0o600, size: 100, modified_at: this.#writtenAt }
    return {
      device_id: this.id,
      running_task_ids: [],
      executor_version: '1.0.0',
      runtime_features: AGENT_FEATURES,
      runtime_auth_files: { codex: { ...file, ...content, sessions: 0 } },
    }
  }

  async #obey(
    payload: unknown,
    from: { readonly raw: RawDevice; readonly replica: string },
  ): Promise<object> {
    const { command_key: key, env } = payload as {
      command_key: string
      env: Readonly<Record<string, string>>
    }
    if (key !== 'sync_runtime_auth_file') throw new Error(`expected only documents, got ${key}`)
    const documentNumber = parseNumberText(env[COMMAND_ENV.documentNumber] ?? '')
    const status = this.#take(env, documentNumber)
    const isLate = this.#connection?.raw !== from.raw
    this.receipts.push({ at: Date.now(), replica: from.replica, status, documentNumber, isLate })
    // As an agent does: the proof follows the answer at once.
    setImmediate(() => from.raw.tell('device:heartbeat', this.#heartbeat()))
    return toAnswer(status)
  }

  #take(env: Readonly<Record<string, string>>, number: number | null): Receipt['status'] {
    if (!this.#fence.admits(env)) return 'stale_fence'
    if ((number ?? Number.POSITIVE_INFINITY) < (this.#number ?? 0)) return 'older_document'
    const joined = joinContent(env)
    if (!joined.ok) throw new Error(joined.error)
    const current = this.#digest()
    if (current !== null && env[COMMAND_ENV.replaceDigest] !== current) return 'skipped_existing'
    this.#content = joined.content
    this.#writtenAt = Date.now()
    this.#number = number ?? this.#number
    return 'written'
  }

  #digest(): string | null {
    return this.#content === null || this.#key === null ? null : digestUnder(this.#key, this.#content)
  }
}

function toAnswer(status: Receipt['status']): object {
  const isDone = status === 'written' || status === 'skipped_existing'
  const line = { status, runtime: 'codex', path: '~/.codex/auth.json', ...(!isDone && { error: status }) }
  return {
    success: isDone,
    exit_code: isDone ? COMMAND_EXIT.ok : COMMAND_EXIT.refused,
    stdout: `${JSON.stringify(line)}\n`,
    stderr: '',
    duration: 0.001,
    timed_out: false,
    stdout_truncated: false,
    stderr_truncated: false,
  }
}
