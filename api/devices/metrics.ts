import { Counter, Gauge, type Registry } from 'prom-client'

/** Why something a device sent was not taken. */
type RefusalReason = 'rate' | 'bytes' | 'binary' | 'backlog' | 'token' | 'connects' | 'devices'

/** Counts what happens on the device channel. */
export interface DeviceMetrics {
  countHeartbeat(): void
  countRefused(reason: RefusalReason): void
}

/** Registers the device channel's metrics. */
export function createDeviceMetrics(registry: Registry, online: () => number): DeviceMetrics {
  // Counted here and handed over when somebody looks: a heartbeat must not pay for a metric's label handling.
  let heartbeats = 0
  const total = new Counter({
    name: 'runtimeconfig_heartbeats_total',
    help: 'Heartbeats taken in since the process started.',
    registers: [],
    collect() {
      this.reset()
      this.inc(heartbeats)
    },
  })
  const gauge = new Gauge({
    name: 'runtimeconfig_devices_online',
    help: 'Devices with a heartbeat in the last 90 s.',
    registers: [],
    collect() {
      this.set(online())
    },
  })
  registry.registerMetric(total)
  registry.registerMetric(gauge)
  const refused = new Counter({
    name: 'runtimeconfig_device_refusals_total',
    help: 'Connections and events of devices that were refused, by reason.',
    labelNames: ['reason'],
    registers: [registry],
  })
  return {
    countHeartbeat: () => {
      heartbeats += 1
    },
    countRefused: (reason) => refused.inc({ reason }),
  }
}
