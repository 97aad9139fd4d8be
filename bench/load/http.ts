import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { PinnedServer } from '#bench/pinned.ts'

/** One request, over and over. */
export interface HttpLoad {
  readonly server: PinnedServer
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly token: string
  readonly body: string | null
}

const CONNECTIONS = 16
const WARM_UP_MS = 800
const ROUND_MS = 1500

/** Requests per second of the server's processor time, over some kept-alive connections, and the p99 of their latency in ms. */
export async function requestRate(
  load: HttpLoad,
): Promise<{ readonly rate: number; readonly p99Ms: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const state = { running: true, done: 0, latencies: [] as number[] }
  const workers = Array.from({ length: CONNECTIONS }, () => work(load, agent, state))
  await sleep(WARM_UP_MS)
  state.latencies = []
  const [before, from] = [await load.server.usage(), state.done]
  await sleep(ROUND_MS)
  const [after, to] = [await load.server.usage(), state.done]
  state.running = false
  await Promise.all(workers)
  agent.destroy()
  const sorted = state.latencies.sort((a, b) => a - b)
  return {
    rate: ((to - from) * 1000) / (after.cpuMs - before.cpuMs),
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  }
}

async function work(
  load: HttpLoad,
  agent: Agent,
  state: { readonly running: boolean; done: number; latencies: number[] },
): Promise<void> {
  while (state.running) {
    const startedAt = performance.now()
    await once(load, agent)
    state.done += 1
    state.latencies.push(performance.now() - startedAt)
  }
}

function once({ server, method, path, token, body }: HttpLoad, agent: Agent): Promise<void> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === null
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  }
  return new Promise((resolve, reject) => {
    const call = request(`${server.address}${path}`, { method, agent, headers }, (response) => {
      response.resume()
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`expected 200 from ${method} ${path}, got ${response.statusCode}`))
      })
    })
    call.on('error', reject)
    call.end(body ?? undefined)
  })
}
