import type { ObjectOf } from '#crds/kinds.ts'

/** What settles who is served, of a User object. */
export interface UserClaim {
  readonly name: string
  readonly subject: string
  readonly namespace: string
  /** ISO 8601 with whole seconds, as an API server writes it. */
  readonly createdAt: string
}

/** Whether a User is served; if not, which older one stands in the way. */
export type ClaimVerdict =
  | { readonly isAccepted: true }
  | {
      readonly isAccepted: false
      readonly reason: 'SubjectTaken' | 'NamespaceTaken'
      /** `metadata.name` of the User that has it. */
      readonly holder: string
    }

const ACCEPTED: ClaimVerdict = { isAccepted: true }

/** Reads the claim of a User object. */
export function toClaim({ metadata, spec }: ObjectOf<'User'>): UserClaim {
  const { name, creationTimestamp: createdAt = '' } = metadata
  return { name, subject: spec.subject, namespace: spec.namespace, createdAt }
}

/**
 * Says whether a User is served: it is when no older one claims its subject, and none its namespace. Of two of the same
 * second the one whose name comes first is the older. Whether the older one is itself served makes no difference: nobody
 * gets a subject or a namespace by making a User that takes something away from its owner.
 *
 * @param others may hold the User itself, and Users that share nothing with it
 */
export function settleClaim(claim: UserClaim, others: Iterable<UserClaim>): ClaimVerdict {
  let subjectHolder = claim
  let namespaceHolder = claim
  for (const other of others) {
    if (other.subject === claim.subject) subjectHolder = older(subjectHolder, other)
    if (other.namespace === claim.namespace) namespaceHolder = older(namespaceHolder, other)
  }
  if (subjectHolder.name !== claim.name)
    return { isAccepted: false, reason: 'SubjectTaken', holder: subjectHolder.name }
  if (namespaceHolder.name !== claim.name)
    return { isAccepted: false, reason: 'NamespaceTaken', holder: namespaceHolder.name }
  return ACCEPTED
}

/** The claims of all Users there are, found by what they claim: settling one costs as much as it has rivals. */
export class UserClaims {
  readonly #byName = new Map<string, UserClaim>()
  readonly #bySubject = new Map<string, Map<string, UserClaim>>()
  readonly #byNamespace = new Map<string, Map<string, UserClaim>>()

  /** Takes a new or changed claim. Gives the names whose verdict may be another now, its own among them. */
  put(claim: UserClaim): ReadonlySet<string> {
    const touched = this.remove(claim.name)
    this.#byName.set(claim.name, claim)
    add(this.#bySubject, claim.subject, claim)
    add(this.#byNamespace, claim.namespace, claim)
    return new Set([...touched, ...this.#sharing(claim)])
  }

  /** Forgets a User. Gives the names whose verdict may be another now, its own among them if it was there. */
  remove(name: string): ReadonlySet<string> {
    const claim = this.#byName.get(name)
    if (claim === undefined) return new Set()
    const touched = this.#sharing(claim)
    this.#byName.delete(name)
    drop(this.#bySubject, claim.subject, name)
    drop(this.#byNamespace, claim.namespace, name)
    return touched
  }

  /** Forgets everybody. */
  clear(): void {
    this.#byName.clear()
    this.#bySubject.clear()
    this.#byNamespace.clear()
  }

  /** `undefined` for a name that is not there. */
  verdictOf(name: string): ClaimVerdict | undefined {
    const claim = this.#byName.get(name)
    return claim && settleClaim(claim, this.#rivalsOf(claim))
  }

  #sharing(claim: UserClaim): ReadonlySet<string> {
    return new Set(this.#rivalsOf(claim).map(({ name }) => name))
  }

  #rivalsOf({ subject, namespace }: UserClaim): readonly UserClaim[] {
    const sameSubject = this.#bySubject.get(subject)?.values() ?? []
    const sameNamespace = this.#byNamespace.get(namespace)?.values() ?? []
    return [...sameSubject, ...sameNamespace]
  }
}

function older(one: UserClaim, other: UserClaim): UserClaim {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt ? one : other
  return one.name <= other.name ? one : other
}

function add(index: Map<string, Map<string, UserClaim>>, key: string, claim: UserClaim): void {
  const claims = index.get(key) ?? new Map<string, UserClaim>()
  index.set(key, claims.set(claim.name, claim))
}

function drop(index: Map<string, Map<string, UserClaim>>, key: string, name: string): void {
  const claims = index.get(key)
  claims?.delete(name)
  if (claims?.size === 0) index.delete(key)
}
