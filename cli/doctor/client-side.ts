import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import type { Context } from '#cli/context.ts'
import { type AppError, isAppError } from '#core/errors.ts'
import { RuntimeConfigList } from '#protocol/runtime-config.ts'

import { type Finding, ok, problem, skipped, warning } from './check.ts'

const MAX_SKEW_MS = 30_000
const TIMEOUT_MS = 5000

/** Looks at the way to the server: address, readiness, clocks, the device channel, the token, and the local auth files. */
export async function checkServer(context: Context): Promise<readonly Finding[]> {
  const { server } = context.settings
  const reached = await reach(server)
  if (reached === null) {
    return [
      problem(
        'server',
        `no answer from ${server}`,
        'start one with runtimeconfig serve, or name another with --server URL',
      ),
      skipped('device channel', 'needs the server'),
      skipped('token', 'needs the server'),
    ]
  }
  return [
    reached.ok
      ? ok('server', `${server} is ready`)
      : warning(
          'server',
          `${server} answers but is not ready (${reached.status})`,
          `look at ${server}/readyz`,
        ),
    checkClock(reached, context.clock.now()),
    await checkChannel(server),
    ...(await checkToken(context)),
  ]
}

async function reach(server: string): Promise<Response | null> {
  try {
    return await fetch(`${server}/readyz`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch {
    // Whatever kept the request from being answered is one finding: no server there.
    return null
  }
}

function checkClock(response: Response, now: number): Finding {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return skipped('clock', 'the server does not say what time it has')
  const skewMs = Math.abs(now - theirs)
  if (skewMs <= MAX_SKEW_MS) return ok('clock', 'agrees with the server')
  return warning(
    'clock',
    `differs from the server's by ${Math.round(skewMs / 1000)} s; tokens may be refused`,
    'switch on time synchronisation on both',
  )
}

async function checkChannel(server: string): Promise<Finding> {
  const url = `${server.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`
  const socket = new WebSocket(url)
  const opened = await new Promise<boolean>((resolve) => {
    socket.addEventListener('message', () => resolve(true), { once: true })
    socket.addEventListener('error', () => resolve(false), { once: true })
    setTimeout(() => resolve(false), TIMEOUT_MS).unref()
  })
  socket.close()
  if (opened) return ok('device channel', 'WebSocket connections get through')
  return problem(
    'device channel',
    `no WebSocket connection to ${server}`,
    'let the proxy in between pass WebSocket upgrades on /socket.io/',
  )
}

async function checkToken({ settings, client }: Context): Promise<readonly Finding[]> {
  const file = settings['token-file']
  try {
    const used = await client()
    const { items } = await used.ask(RuntimeConfigList, { path: '/users/me/runtime-configs' })
    return [
      ok('token', `${file} is accepted`),
      ...(await Promise.all(items.map((item) => checkAuthFile(item.runtime, item.target_path)))),
    ]
  } catch (error) {
    if (!isAppError(error)) throw error
    return [problem('token', error.message, adviceFor(error))]
  }
}

function adviceFor({ code }: AppError): string {
  return code === 'UNAUTHENTICATED' || code === 'FORBIDDEN'
    ? 'make one with: runtimeconfig token create --user NAME --save'
    : 'name the right server with --server URL'
}

async function checkAuthFile(runtime: string, targetPath: string): Promise<Finding> {
  const check = `${runtime} file`
  const path = join(homedir(), targetPath.slice(2))
  try {
    const { mode } = await stat(path)
    if ((mode & 0o077) === 0) return ok(check, `${path} is there, yours alone`)
    return warning(
      check,
      `${path} can be read by others (${(mode & 0o777).toString(8)})`,
      `chmod go-rwx ${path}`,
    )
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error
    if (code === 'ENOENT') return ok(check, `${path} is not there`)
    return problem(
      check,
      `${path} cannot be looked at (${String(code)})`,
      'let your user own your home folder',
    )
  }
}
