/** Whom a cluster says a bearer token stands for. */
export interface ReviewedIdentity {
  readonly username: string
  readonly groups: readonly string[]
  /** Those asked for that the token is for. Empty: the server does not tell. */
  readonly audiences: readonly string[]
}

/** Asks the cluster about tokens that it, or what it trusts, has issued. */
export interface TokenReviews {
  /** Resolves `null` for a token that is not good now, for none of the audiences. Rejects with `STORE_UNAVAILABLE`. */
  review(token: string, audiences: readonly string[]): Promise<ReviewedIdentity | null>
}
