import { setTimeout as sleep } from 'node:timers/promises'

type Handler = (question: Readonly<Record<string, unknown>>) => Promise<Readonly<Record<string, unknown>>>

/** Tells the benchmark that this server is ready and answers its questions; `more` answers those that only this server knows. */
export function serveControl(
  ready: Readonly<Record<string, unknown>>,
  stop: () => Promise<void>,
  more?: Handler,
): void {
  process.on('message', (question: Readonly<Record<string, unknown>>) => {
    void answer(question, stop, more).then((reply) => process.send?.(reply))
  })
  process.send?.(ready)
}

async function answer(
  question: Readonly<Record<string, unknown>>,
  stop: () => Promise<void>,
  more?: Handler,
): Promise<object> {
  switch (question['op']) {
    case 'usage':
      return usage()
    case 'settle':
      await settle()
      return usage()
    case 'stop':
      await stop()
      process.disconnect()
      return process.exit(0)
    default:
      return (await more?.(question)) ?? {}
  }
}

function usage(): object {
  const { user, system } = process.cpuUsage()
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() }
}

// Two rounds with a pause: what the first one frees, finalisers free for good in the second.
async function settle(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.()
    await sleep(300)
  }
}
