import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { DEFAULT_DEVICE_LIMITS } from '#api/devices/limits.ts'
import { resolveSettings } from '#cli/resolve-settings.ts'
import { type RunningServer, startServer } from '#cli/server.ts'
import { SETTINGS, variableOf } from '#cli/settings.ts'
import { systemClock } from '#cli/system-clock.ts'
import { columnOf, readMarkdown, tableOf } from '#test/support/markdown.ts'
import { readSource } from '#test/support/source-text.ts'

const OPERATING = readMarkdown('docs/operating.md')
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }

function ignore(): void {}

let folder: string
let server: RunningServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-docs-'))
  const { settings } = resolveSettings({
    flags: { data: join(folder, 'data'), listen: '127.0.0.1:0' },
    environment: {},
    file: null,
  })
  server = await startServer({ settings, clock: systemClock, logger: SILENT })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

it('lists every setting with its variable and default, and no other', () => {
  const environment = { HOME: '/home/alice' }
  const listed = tableOf(OPERATING, 'Settings', 'setting').rows.map((row) => row.slice(0, 3))
  const known = Object.entries(SETTINGS).map(([name, { fallback }]) => [
    name,
    variableOf(name as keyof typeof SETTINGS),
    fallback(environment).replace('/home/alice', '~'),
  ])
  expect(listed).toEqual(known)
})

it('lists every metric with its labels, and no other', async () => {
  const text = await (await fetch(`${server.address}/metrics`)).text()
  const served = [...text.matchAll(/^# TYPE (\w+) /gm)]
    .map(([, name = '']) => name)
    .filter((name) => !/^(process|nodejs)_/.test(name))
  const listed = columnOf(tableOf(OPERATING, 'Metrics', 'metric'), 'metric')
  expect(listed.toSorted()).toEqual(served.toSorted())
})

it('names the labels of a metric as they are served', async () => {
  await fetch(`${server.address}/users/me/proxy-config`)
  const text = await (await fetch(`${server.address}/metrics`)).text()
  const listed = new Map(
    tableOf(OPERATING, 'Metrics', 'metric').rows.map(([name = '', labels = '']) => [name, labels]),
  )
  const wrong = [...text.matchAll(/^(\w+?)(?:_bucket|_sum|_count)?\{(.+)\} /gm)].filter(
    ([, name = '', labels = '']) => listed.has(name) && !hasLabels(listed.get(name) ?? '', labels),
  )
  expect(wrong.map(([line]) => line)).toEqual([])
})

function hasLabels(listed: string, served: string): boolean {
  const names = [...served.matchAll(/(\w+)="/g)].map(([, name = '']) => name).filter((name) => name !== 'le')
  return names.toSorted().join() === listed.replaceAll(/[` ]/g, '').split(',').toSorted().join()
}

it.each(['/livez', '/readyz'])('lists the checks of %s', async (path) => {
  const { checks } = (await (await fetch(`${server.address}${path}`)).json()) as {
    readonly checks: readonly { readonly name: string }[]
  }
  const row = tableOf(OPERATING, 'Health', 'path').rows.find(([listed]) => listed === path)
  const named = [...`\`${row?.[2]}\``.matchAll(/([a-z][a-z ]+)/g)].map(([name]) => name)
  expect(named).toEqual(checks.map(({ name }) => name))
})

it('shows readiness as it is answered', async () => {
  const answer: unknown = await (await fetch(`${server.address}/readyz`)).json()
  const shown = OPERATING.blocks.find((block) => block.section === 'Health' && block.language === 'json')
  expect(JSON.parse(shown?.text ?? 'null')).toEqual(answer)
})

it('lists every kind of audit line, and no other', () => {
  const type = /type AuditAction =\n((?: {2}\| '.+'\n)+)/.exec(readSource('api/audit.ts'))?.[1] ?? ''
  const known = [...type.matchAll(/'(.+)'/g)].map(([, action = '']) => action)
  expect(columnOf(tableOf(OPERATING, 'Logs', 'audit'), 'audit').toSorted()).toEqual(known.toSorted())
})

it('lists the exit codes that --help lists', () => {
  const help = /EXIT_CODES = `([^`]+)`/.exec(readSource('cli/program.ts'))?.[1] ?? ''
  const known = [...help.matchAll(/(?:^|· ) *(\d+) \w/gm)].map(([, code]) => code)
  const listed = OPERATING.tables
    .find(({ columns }) => columns[0] === 'exit code')
    ?.rows.map(([code]) => code)
  expect(listed).toEqual(known)
})

it('names the limits of devices as they are', () => {
  const limits = DEFAULT_DEVICE_LIMITS
  const listed = new Map(tableOf(OPERATING, 'Limits', 'what').rows.map(([what, limit]) => [what, limit]))
  expect([
    listed.get('connections of one server'),
    listed.get('devices of one user in memory'),
    listed.get('connecting, per user'),
    listed.get('events of one device'),
    listed.get('commands waiting for one device'),
  ]).toEqual([
    group(limits.connections),
    group(limits.devicesPerUser),
    rate(limits.connectsPerUser),
    rate(limits.eventsPerDevice),
    String(limits.waitingCommands),
  ])
})

function rate({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }): string {
  return `${perSecond} a second, ${group(burst)} at once`
}

function group(count: number): string {
  return count < 10_000 ? String(count) : String(count).replaceAll(/(\d)(?=(\d{3})+$)/g, '$1 ')
}
