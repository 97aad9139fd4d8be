import type { Context } from '#cli/context.ts'
import { readSecretText } from '#cli/input.ts'
import type { Output } from '#cli/output.ts'
import { ProxyProbeView } from '#protocol/device.ts'
import { ProxyConfigView } from '#protocol/proxy-config.ts'

const PATH = '/users/me/proxy-config'

/** Shows the saved proxy, masked. */
export async function showProxy(context: Context): Promise<void> {
  const client = await context.client()
  show(context, await client.ask(ProxyConfigView, { path: PATH }))
}

/** Saves the proxy URL read from a file or stdin. */
export async function setProxy(context: Context, file: string | null): Promise<void> {
  const client = await context.client()
  const url = await readSecretText(file)
  const body = { proxy_url: url.open() }
  show(context, await client.ask(ProxyConfigView, { method: 'PUT', path: PATH, body }))
}

/** Forgets the proxy. */
export async function clearProxy(context: Context): Promise<void> {
  const client = await context.client()
  const body = { proxy_url: '' }
  show(context, await client.ask(ProxyConfigView, { method: 'PUT', path: PATH, body }))
}

const QUESTIONS = [
  ['reachable', 'answers at all'],
  ['connect_accepted', 'connects to the server'],
  ['authenticated', 'takes the login of its URL'],
  ['tls_intact', 'lets TLS through untouched'],
] as const

/** Lets a device try the proxy; exits with 1 when it does not work there. */
export async function testProxy({ client, output }: Context, device: string): Promise<void> {
  const probe = await (
    await client()
  ).ask(ProxyProbeView, {
    method: 'POST',
    path: `/users/me/devices/${encodeURIComponent(device)}/probe-proxy`,
    body: {},
  })
  output.json(probe)
  for (const [question, text] of QUESTIONS) output.print(`  ${markOf(output, probe[question])} ${text}`)
  output.print(`\n${probe.device_id}: ${probe.message}`)
  if (QUESTIONS.some(([question]) => probe[question] === false)) process.exitCode = 1
}

function markOf(output: Output, answer: boolean | null): string {
  if (answer === null) return output.style('gray', '·')
  return answer ? output.style('green', '✓') : output.style('red', '✗')
}

function show({ output }: Context, proxy: ProxyConfigView): void {
  output.json(proxy)
  output.print(
    proxy.configured
      ? `${proxy.proxy_url_masked}  saved ${proxy.proxy_updated_at ?? ''}`
      : 'no proxy is saved',
  )
}
