import { seededRandom } from '#test/support/random.ts'

/** What a request asks for, as far as a fault depends on it. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'

/** What becomes of one request. */
export type Fault =
  | { readonly type: 'none' }
  /** The connection is reset before an answer. */
  | { readonly type: 'reset' }
  | { readonly type: 'status'; readonly code: number; readonly retryAfterSeconds?: number }
  /** Nothing comes, ever; the connection stays. */
  | { readonly type: 'stall' }
  | { readonly type: 'delay'; readonly delayMs: number }
  /** The answer begins and is not finished. `lines`: how many of a watch come whole before. */
  | { readonly type: 'cut'; readonly lines: number; readonly how: Cut }
  /** A watch that says in its first line that the version is too old. */
  | { readonly type: 'expired' }

/** How an answer that began ends: in the middle of a line, reset between two, as if it were complete, never again a byte. */
export type Cut = 'truncate' | 'reset' | 'end' | 'stall'

/** Every kind of fault by a name that counts can use. */
export type FaultName = Exclude<Fault['type'], 'cut' | 'status'> | `cut-${Cut}` | `status-${number}`

interface Weighted {
  readonly weight: number
  readonly make: (random: () => number) => Fault
}

const cut =
  (how: Cut, lines: number) =>
  (random: () => number): Fault => ({ type: 'cut', how, lines: Math.floor(random() * lines) })
const fixed = (fault: Fault) => () => fault

const REFUSALS: readonly Weighted[] = [
  { weight: 2, make: fixed({ type: 'status', code: 500 }) },
  { weight: 1, make: fixed({ type: 'status', code: 503 }) },
  { weight: 1, make: fixed({ type: 'status', code: 429 }) },
  { weight: 1, make: fixed({ type: 'status', code: 429, retryAfterSeconds: 1 }) },
  { weight: 2, make: fixed({ type: 'reset' }) },
]

const WATCHES: readonly Weighted[] = [
  { weight: 3, make: cut('truncate', 60) },
  { weight: 3, make: cut('reset', 60) },
  { weight: 2, make: cut('end', 60) },
  // One event and closed.
  { weight: 2, make: fixed({ type: 'cut', how: 'end', lines: 1 }) },
  { weight: 1, make: cut('stall', 30) },
  { weight: 1, make: fixed({ type: 'expired' }) },
  { weight: 1, make: fixed({ type: 'stall' }) },
  { weight: 2, make: fixed({ type: 'none' }) },
  ...REFUSALS,
]

const OTHERS: readonly Weighted[] = [
  { weight: 6, make: fixed({ type: 'none' }) },
  { weight: 2, make: (random) => ({ type: 'delay', delayMs: 200 + Math.floor(random() * 2000) }) },
  { weight: 1, make: fixed({ type: 'cut', how: 'truncate', lines: 0 }) },
  { weight: 1, make: fixed({ type: 'stall' }) },
  ...REFUSALS,
]

/**
 * Says for each request what becomes of it; the same seed and the same row of requests give the same faults. They are dealt
 * like cards: none comes again before all of them came.
 */
export function faultPlan(seed: number): (verb: Verb) => Fault {
  const random = seededRandom(seed)
  const watches = dealer(WATCHES, random)
  const others = dealer(OTHERS, random)
  return (verb) => (verb === 'watch' ? watches() : others())
}

/** What a fault is called in counts. */
export function nameOf(fault: Fault): FaultName {
  if (fault.type === 'cut') return `cut-${fault.how}`
  return fault.type === 'status' ? `status-${fault.code}` : fault.type
}

function dealer(rows: readonly Weighted[], random: () => number): () => Fault {
  let deck: Weighted[] = []
  return () => {
    if (deck.length === 0) deck = rows.flatMap((row) => Array.from({ length: row.weight }, () => row))
    const [card] = deck.splice(Math.floor(random() * deck.length), 1)
    return card?.make(random) ?? { type: 'none' }
  }
}
