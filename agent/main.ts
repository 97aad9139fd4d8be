import { hostname } from 'node:os'
import { join } from 'node:path'

import { COMMAND_ENV } from '#protocol/command-env.ts'

import { createAuthFacts, type AuthFacts } from './auth-facts.ts'
import type { CommandEnv } from './auth-file-commands.ts'
import { badRequest } from './command-failure.ts'
import { CommandRunner } from './commands.ts'
import { ConfigReports } from './config-reports.ts'
import { Connection, type DeviceIdentity } from './connection.ts'
import { Fence } from './fence.ts'
import { type Home, openHome } from './home.ts'
import { Inspector } from './inspect.ts'
import type { AgentClock, AgentPorts } from './ports.ts'
import type { AgentRuntime } from './runtimes.ts'
import { AgentState } from './state.ts'
import { sweepTargets } from './sweep.ts'
import { WrittenFiles } from './written-files.ts'

/** How an agent is started. */
export interface AgentOptions {
  readonly serverUrl: string
  /** Asked before each attempt to connect; a new token in the file needs no restart. */
  readonly readToken: () => Promise<string> | string
  /** Absolute path of the home directory this agent looks after. */
  readonly homeFolder: string
  /** Where CLIs' own variables (`CODEX_HOME`) are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Default: `.local/state/runtimeconfig-agent` in the home directory. */
  readonly stateFolder?: string
  /** Default: made at the first start and kept in the state folder. */
  readonly deviceId?: string
  /** Shown to people. Default: the host name. */
  readonly name?: string
  /** Default: `local`. */
  readonly deviceType?: DeviceIdentity['deviceType']
  /** Stops the agent: it finishes the command in hand, says goodbye and ends. */
  readonly signal: AbortSignal
}

/** A running agent. */
export interface AgentHandle {
  readonly deviceId: string
  /** Resolves when the agent has stopped after its signal; rejects only for a bug. */
  readonly stopped: Promise<void>
}

/** At least 128 bits: a shorter key would let digests be tried out. */
const DIGEST_KEY = /^(?:[0-9a-f]{2}){16,}$/i

const PROBE_MS = 20_000
const KEEP_ALIVE_MS = 2 ** 30

/**
 * Starts the agent: cleans up after a killed one, connects, and keeps the server informed until the signal.
 *
 * Resolves at once, connected or not: a server that is not there is waited for.
 */
export async function runAgent(options: AgentOptions, ports: AgentPorts): Promise<AgentHandle> {
  const home = openHome(options.homeFolder, options.environment)
  const state = AgentState.open(
    options.stateFolder ?? join(options.homeFolder, '.local/state/runtimeconfig-agent'),
    ports.logger,
  )
  const deviceId = options.deviceId ?? state.deviceId()
  const written = new WrittenFiles(state, ports.normalFormOf)
  sweepTargets(home, written.targets)
  const connection = connect({ options, ports, home, state, written, deviceId })
  return { deviceId, stopped: attend(connection, state, options.signal) }
}

async function attend(connection: Connection, state: AgentState, signal: AbortSignal): Promise<void> {
  // Timers of the clock do not keep a process alive, and between two attempts there is no socket that would.
  const alive = setInterval(() => {}, KEEP_ALIVE_MS)
  let goodbye: Promise<void> = Promise.resolve()
  const stop = () => {
    goodbye = connection.stop()
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) stop()
    else await connection.run()
    await goodbye
  } finally {
    signal.removeEventListener('abort', stop)
    clearInterval(alive)
    state.flush()
  }
}

interface Parts {
  readonly options: AgentOptions
  readonly ports: AgentPorts
  readonly home: Home
  readonly state: AgentState
  readonly written: WrittenFiles
  readonly deviceId: string
}

function connect({ options, ports, home, state, written, deviceId }: Parts): Connection {
  const inspector = new Inspector(home, written)
  const configs = new ConfigReports(home, ports.logger)
  const fence = new Fence(ports.clock)
  let facts: AuthFacts | null = null
  const commands = new CommandRunner({
    files: () => ({ home, written, facts }),
    probe: (env) => probe(env, options.serverUrl, ports.clock),
    isCurrent: (env) => fence.admits(env),
    clock: ports.clock,
    logger: ports.logger,
  })
  return new Connection({
    identity: toIdentity(options, deviceId),
    ports,
    inspector,
    configs,
    fence,
    obey: (payload) => commands.run(payload),
    settle: () => state.flush(),
    assign(runtimes: readonly AgentRuntime[], digestKey: string | null) {
      if (digestKey !== null && DIGEST_KEY.test(digestKey))
        facts = createAuthFacts(digestKey, ports.normalFormOf)
      inspector.assign({ runtimes, facts })
      configs.assign(runtimes)
      sweepTargets(
        home,
        runtimes.map(({ target }) => target),
      )
    },
  })
}

function toIdentity(options: AgentOptions, deviceId: string): DeviceIdentity {
  return {
    deviceId,
    name: options.name ?? (hostname().slice(0, 100) || deviceId),
    deviceType: options.deviceType ?? 'local',
    version: options.version,
    serverUrl: options.serverUrl,
    readToken: options.readToken,
  }
}

// Loaded when it is first asked for: most devices never are.
async function probe(env: CommandEnv, serverUrl: string, clock: AgentClock): Promise<object> {
  const proxyUrl = env[COMMAND_ENV.proxyUrl]?.trim() ?? ''
  if (proxyUrl === '') throw badRequest('proxy URL is required')
  const { probeProxy } = await import('./probe-proxy.ts')
  const patience = new AbortController()
  const cancel = clock.after(PROBE_MS, () => patience.abort())
  try {
    const targetUrl = env[COMMAND_ENV.probeTarget] ?? serverUrl
    return { status: 'probed', probe: await probeProxy({ proxyUrl, targetUrl, signal: patience.signal }) }
  } finally {
    cancel()
  }
}
