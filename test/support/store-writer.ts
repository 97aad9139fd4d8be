import { systemClock } from '#cli/system-clock.ts'
import { openSqliteStore } from '#store/sqlite/open.ts'

import { aDeviceStatus, aStoredDevice } from './store-objects.ts'

// A process of its own that writes to a store as fast as it can and says, line by line, what was acknowledged. Tests kill it.
// argv: path, prefix of the names, how many to write at most
const [path = '', prefix = '', most = ''] = process.argv.slice(2)

try {
  const { store, users } = await openSqliteStore({ path, clock: systemClock })
  const user = (await users.findByName('ada')) ?? (await users.create({ name: 'ada' }))
  process.stdout.write('open\n')
  for (let at = 0; at < Number(most); at += 1) {
    const name = `${prefix}-${at}`
    const { namespace } = user
    const device = await store.create('Device', aStoredDevice({ namespace, name }))
    process.stdout.write(`made ${name}\n`)
    await store.updateStatus('Device', { ...device, status: aDeviceStatus(`g-${at}`) })
    process.stdout.write(`updated ${name}\n`)
    if (at % 3 !== 0) continue
    await store.delete('Device', { namespace, name })
    process.stdout.write(`deleted ${name}\n`)
  }
} catch (error) {
  process.stdout.write(`failed ${Object(error).code} ${Object(error).message}\n`)
}
process.stdout.write('end\n')
setInterval(() => undefined, 1000)
