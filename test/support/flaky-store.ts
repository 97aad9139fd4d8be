import { AppError, type ErrorCode } from '#core/errors.ts'
import type { Store } from '#store/store.ts'

/** A real store behind a connection that a test can cut. Counts the calls that came through or not. */
export class FlakyStore {
  readonly calls: string[] = []
  #failure: ErrorCode | undefined
  #cut = new AbortController()
  readonly store: Store

  constructor(inner: () => Store) {
    const pass = <T>(call: string, work: (store: Store) => T): T => {
      this.calls.push(call)
      if (this.#failure !== undefined) throw new AppError(this.#failure, 'cut by the test')
      return work(inner())
    }
    const cutSignal = () => this.#cut.signal
    const failure = () => this.#failure
    this.store = {
      get: async (kind, key) => pass('get', (store) => store.get(kind, key)),
      list: async (kind, options) => pass('list', (store) => store.list(kind, options)),
      create: async (kind, object) => pass('create', (store) => store.create(kind, object)),
      update: async (kind, object) => pass('update', (store) => store.update(kind, object)),
      updateStatus: async (kind, object) => pass('updateStatus', (store) => store.updateStatus(kind, object)),
      delete: async (kind, key, options) => pass('delete', (store) => store.delete(kind, key, options)),
      ping: async () => pass('ping', (store) => store.ping()),
      watch: async function* watch(kind, options) {
        const signal = AbortSignal.any([options.signal, cutSignal()])
        const from = options.resourceVersion ?? 'none'
        yield* pass(`watch ${from}`, (store) => store.watch(kind, { ...options, signal }))
        const code = failure()
        if (code !== undefined) throw new AppError(code, 'cut by the test')
      },
    }
  }

  /** From now on every call fails like this, and running watches end. */
  cut(code: ErrorCode = 'STORE_UNAVAILABLE'): void {
    this.#failure = code
    this.#cut.abort()
  }

  mend(): void {
    this.#failure = undefined
    this.#cut = new AbortController()
  }
}
