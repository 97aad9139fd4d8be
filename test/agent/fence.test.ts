import { once } from 'node:events'
import { mkdirSync, readdirSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Fence } from '#agent/fence.ts'
import { openHome } from '#agent/home.ts'
import { COMMAND_ENV } from '#protocol/command-env.ts'
import { type CommandInput, toExecuteCommand } from '#protocol/command.ts'
import { AgentServer, startAgent, WIRE_CODEX } from '#test/support/agent-server.ts'
import { aFileDeps, aFolder, aRunner, DIGEST_KEY, SILENT } from '#test/support/command-devices.ts'
import { FakeClock } from '#test/support/fake-clock.ts'

const SYNC: CommandInput = {
  key: 'sync_runtime_auth_file',
  runtime: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: null },
  content: '{"token":"late"}',
}
const STALE =
  '{"status":"stale_fence","runtime":null,"path":null,"error":"this device connected anew since; what an earlier connection asked for no longer counts"}\n'

const withFence = (fence: number) => ({ [COMMAND_ENV.fence]: String(fence) })

describe('a fence', () => {
  it('begins with the time and grows, also when the clock is set back', async () => {
    const clock = new FakeClock()
    const fence = new Fence(clock)
    const first = fence.draw()
    const second = fence.draw()
    const third = new Fence({ now: () => first - 1_000 }).draw()

    expect([first, second, third]).toEqual([clock.now(), clock.now() + 1, first - 1_000])
  })

  it('admits what carries its number, and nothing that carries another', () => {
    const fence = new Fence(new FakeClock())
    const old = fence.draw()
    fence.confirm(old)
    const now = fence.draw()
    fence.confirm(now)

    expect([now, old, now + 1].map((number) => fence.admits(withFence(number)))).toEqual([true, false, false])
    expect(fence.admits({ [COMMAND_ENV.fence]: 'nonsense' })).toBe(false)
  })

  it('wants a number from a server that said it back, and none from one that did not', () => {
    const fence = new Fence(new FakeClock())
    fence.confirm(fence.draw())
    expect(fence.admits({})).toBe(false)

    fence.draw()
    fence.confirm(undefined)
    expect(fence.admits({})).toBe(true)
  })

  it('refuses what an earlier connection sent before the new one is answered', () => {
    const fence = new Fence(new FakeClock())
    const old = fence.draw()
    fence.confirm(old)
    fence.draw()

    expect(fence.admits(withFence(old))).toBe(false)
  })

  it('admits nothing once its registration is over', () => {
    const fence = new Fence(new FakeClock())
    const number = fence.draw()
    fence.confirm(number)
    fence.retire()

    expect([fence.admits(withFence(number)), fence.admits({})]).toEqual([false, false])
  })
})

describe('a command of an earlier registration', () => {
  let root: ReturnType<typeof aFolder>
  let home: string

  beforeEach(() => {
    root = aFolder()
    home = join(root.path, 'home')
    mkdirSync(home)
  })

  afterEach(() => root[Symbol.dispose]())

  it.each([
    SYNC,
    { key: 'read_runtime_auth_file', runtime: 'codex', target: SYNC.target },
    {
      key: 'remove_runtime_auth_file',
      runtime: 'codex',
      target: SYNC.target,
      expectedDigest: 'a'.repeat(64),
    },
    { key: 'probe_proxy', proxyUrl: 'http://proxy.example:80' },
  ] as const)('is refused: $key', async (input) => {
    const fence = new Fence(new FakeClock())
    const old = fence.draw()
    fence.confirm(fence.draw())
    const deps = aFileDeps(openHome(home, {}), join(root.path, 'state'))
    const runner = aRunner(deps, SILENT, (env) => fence.admits(env))
    const reply = await runner.run(toExecuteCommand(input, 'agent', old))

    expect(reply).toMatchObject({ success: false, exit_code: 69, stdout: STALE })
    expect(readdirSync(home)).toEqual([])
  })

  it('is refused when its turn comes after the device connected anew, though it arrived before', async () => {
    await using server = await AgentServer.start()
    answerFences(server)
    const agent = await startAgent(server.port, home)
    await agent.logged('registered')
    const first = server.said[0]?.[1]['fence'] as number
    const proxy = createServer().listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const arrived = once(proxy, 'connection')
    void server.ask(toExecuteCommand({ key: 'probe_proxy', proxyUrl }, 'agent', first)).catch(() => null)
    void server.ask(toExecuteCommand(SYNC, 'agent', first)).catch(() => null)
    const [connection] = (await arrived) as [Socket]
    const lost = agent.logged('not connected; trying again')
    const failed = agent.logged('command failed')
    server.socket?.disconnect(true)
    await lost
    connection.destroy()

    expect((await failed).fields).toMatchObject({
      command: 'sync_runtime_auth_file',
      status: 'stale_fence',
      exitCode: 69,
    })
    expect(readdirSync(home)).toEqual([])
    await agent.stop()
    proxy.close()
  })

  it('comes with a larger number at each registration', async () => {
    await using server = await AgentServer.start()
    answerFences(server)
    const agent = await startAgent(server.port, home)
    await agent.logged('registered')
    const again = server.next('device:register')
    const lost = agent.logged('not connected; trying again')
    server.socket?.disconnect(true)
    await lost
    await agent.clock.advance(60_000)
    const fences = [server.said[0]?.[1]['fence'], (await again)['fence']]

    expect(fences).toEqual([expect.any(Number), expect.any(Number)])
    expect(Number(fences[1])).toBeGreaterThan(Number(fences[0]))
    await agent.stop()
  })
})

/** A server that says each registration's fence back. */
function answerFences(server: AgentServer): void {
  const answers = { success: true, device_id: 'dev-1', digest_key: DIGEST_KEY, runtimes: [WIRE_CODEX] }
  Object.defineProperty(server.answers, 'device:register', {
    get: () => ({ ...answers, fence: server.said.at(-1)?.[1]['fence'] }),
  })
}
