import { setTimeout as pause } from 'node:timers/promises'

import type { Direct } from './direct.ts'

interface LeaseObject {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string }
}

const LOOK_MS = 250

/** Writes down when each Lease of a namespace was renewed, as the server shows it. */
export class LeaseRecord {
  readonly #renewals = new Map<string, number[]>()

  /** Looks until the signal. */
  async run(direct: Direct, namespace: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { body } = await direct.call('GET', `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`)
      for (const { metadata, spec } of (body['items'] ?? []) as readonly LeaseObject[]) {
        const at = Date.parse(spec?.renewTime ?? '')
        if (spec?.holderIdentity && !Number.isNaN(at)) this.#note(metadata.name, at)
      }
      await pause(LOOK_MS)
    }
  }

  #note(name: string, at: number): void {
    const renewals = this.#renewals.get(name) ?? []
    if (renewals.at(-1) !== at) renewals.push(at)
    this.#renewals.set(name, renewals)
  }

  /** How long before a moment a Lease was renewed last, in ms. */
  ageAt(name: string, moment: number): number {
    const before = this.#renewals.get(name)?.filter((at) => at <= moment) ?? []
    return moment - Math.max(Number.NEGATIVE_INFINITY, ...before)
  }
}
