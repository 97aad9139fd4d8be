import { loadUser } from '#bench/load/fleet.ts'
import { type HttpLoad, requestRate } from '#bench/load/http.ts'
import { type PinnedServer, startPinned } from '#bench/pinned.ts'
import { median, type Measured, type Row, type RunSetting } from '#bench/row.ts'

const ROUNDS = 5
const CODEX = '/users/me/runtime-configs/codex'
const EXECUTION = {
  model_config: { model: 'openai', protocol: 'openai-responses' },
  task: { id: 1, text: 'say hello' },
}

/** Users API reads and enrichment per second of one core, against a bare express handler that returns the same JSON. */
export const http: Row = {
  name: 'http',
  async run({ pinned, progress }: RunSetting): Promise<readonly Measured[]> {
    const ours = await startPinned('ours', { pinned })
    const bare = await startPinned('bare-express', { pinned })
    const { token, client } = await loadUser(ours, 'http')
    await client.call({
      method: 'POST',
      path: `${CODEX}/auth-json`,
      body: { auth_json: '{"token":"of-the-benchmark"}' },
    })
    await client.call({
      method: 'PUT',
      path: '/users/me/proxy-config',
      body: { proxy_url: 'http://user:password@127.0.0.1:3128' },
    })
    await client.call({ method: 'PUT', path: CODEX, body: { use_user_config: true, use_proxy: true } })
    const get = { server: ours, method: 'GET', path: CODEX, token, body: null } as const
    const post = {
      server: ours,
      method: 'POST',
      path: '/execution-requests/enrich',
      token,
      body: JSON.stringify(EXECUTION),
    } as const
    const rows = [
      await compare('users API reads', get, { bare, answer: await client.call({ path: CODEX }), progress }),
      await compare('enrichment', post, {
        bare,
        answer: await client.call({ method: 'POST', path: post.path, body: EXECUTION }),
        progress,
      }),
    ]
    await Promise.all([ours.stop(), bare.stop()])
    return rows
  },
}

interface Floor {
  readonly bare: PinnedServer
  readonly answer: unknown
  readonly progress: (line: string) => void
}

async function compare(what: string, load: HttpLoad, { bare, answer, progress }: Floor): Promise<Measured> {
  await bare.ask({ op: 'answer', method: load.method, answer })
  const rates = { ours: [] as number[], bare: [] as number[], p99: [] as number[] }
  for (let round = 0; round < ROUNDS; round += 1) {
    progress(`${what}: round ${round + 1} of ${ROUNDS}`)
    rates.bare.push((await requestRate({ ...load, server: bare, path: '/same' })).rate)
    const { rate, p99Ms } = await requestRate(load)
    rates.ours.push(rate)
    rates.p99.push(p99Ms)
  }
  return {
    name: `${what} per second, one core`,
    unit: '/s',
    ours: median(rates.ours),
    floor: median(rates.bare),
    floorName: 'bare express handler with the same answer',
    target: { of: 'ratio', bound: 'atLeast', limit: 0.5 },
    more: { p99MsUnderFullLoad: median(rates.p99), connections: 16 },
  }
}
