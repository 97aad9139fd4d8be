import type { Context } from '#cli/context.ts'
import { readSecretText } from '#cli/input.ts'
import { ProxyConfigView } from '#protocol/proxy-config.ts'

const PATH = '/users/me/proxy-config'

/** Shows the saved proxy, masked. */
export async function showProxy(context: Context): Promise<void> {
  const client = await context.client()
  show(context, await client.call({ path: PATH }))
}

/** Saves the proxy URL read from a file or stdin. */
export async function setProxy(context: Context, file: string | null): Promise<void> {
  const client = await context.client()
  const url = await readSecretText(file)
  show(context, await client.call({ method: 'PUT', path: PATH, body: { proxy_url: url.open() } }))
}

/** Forgets the proxy. */
export async function clearProxy(context: Context): Promise<void> {
  const client = await context.client()
  show(context, await client.call({ method: 'PUT', path: PATH, body: { proxy_url: '' } }))
}

function show({ output }: Context, answer: unknown): void {
  const proxy = ProxyConfigView.parse(answer)
  output.json(proxy)
  output.print(
    proxy.configured
      ? `${proxy.proxy_url_masked}  saved ${proxy.proxy_updated_at ?? ''}`
      : 'no proxy is saved',
  )
}
