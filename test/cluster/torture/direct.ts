import { readFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'

/** What an API server said. */
export interface DirectAnswer {
  /** 0: no answer. Whether the server carried it out is not known. */
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** The shortest way to an API server: no retries, no cache, no client library. */
export interface Direct {
  call(method: string, path: string, body?: unknown): Promise<DirectAnswer>
  close(): void
}

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }]
  readonly users: readonly [{ readonly user: { readonly token: string } }]
}

const TIMEOUT_MS = 20_000

/** Speaks with the server of a kubeconfig that `startApiServer` wrote. */
export async function openDirect(kubeconfig: string): Promise<Direct> {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const { cluster } = clusters[0]
  const ca = await readFile(String(cluster['certificate-authority']))
  const agent = new Agent({ keepAlive: true, ca, maxSockets: 64 })
  const authorization = `Bearer ${users[0].user.token}`
  return {
    async call(method, path, body) {
      const { promise, resolve } = Promise.withResolvers<DirectAnswer>()
      const patch = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const headers = { authorization, ...(body !== undefined && { 'content-type': patch }) }
      const silence: DirectAnswer = { status: 0, body: {} }
      const options = { agent, method, headers, timeout: TIMEOUT_MS }
      const call = request(`${String(cluster['server'])}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => void chunks.push(chunk))
        response.on('error', () => resolve(silence))
        response.on('close', () => {
          if (!response.complete) return resolve(silence)
          resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks).toString('utf8')) })
        })
      })
      call.on('timeout', () => call.destroy())
      call.on('error', () => resolve(silence))
      call.end(body === undefined ? undefined : JSON.stringify(body))
      return promise
    },
    close: () => agent.destroy(),
  }
}

/** A server that begins to live or to die answers in words. */
function parse(text: string): Readonly<Record<string, unknown>> {
  return text.startsWith('{') ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : { message: text }
}
