import { AppError } from '#core/errors.ts'
import { isRecord } from '#core/json.ts'
import type { ReviewedIdentity, TokenReviews } from '#store/token-reviews.ts'

import { childOf, listOf, textOf } from './answer-fields.ts'
import type { KubeClient } from './client.ts'

const API_VERSION = 'authentication.k8s.io/v1'
/** The group of those who show nothing, where an API server lets them in. */
const UNAUTHENTICATED = 'system:unauthenticated'

/** Asks the API server whom a token stands for. */
export class KubernetesTokenReviews implements TokenReviews {
  readonly #client: KubeClient

  constructor(client: KubeClient) {
    this.#client = client
  }

  async review(token: string, audiences: readonly string[]): Promise<ReviewedIdentity | null> {
    // With a blank in it the API server sees no token, and says that nobody in particular is somebody.
    if (!/^[\x21-\x7e]+$/.test(token)) return null
    const body = { apiVersion: API_VERSION, kind: 'TokenReview', spec: { token, audiences } }
    const path = `/apis/${API_VERSION}/tokenreviews`
    return toIdentity(await this.#client.request({ method: 'POST', path, body }))
  }
}

function toIdentity(answer: unknown): ReviewedIdentity | null {
  const status = isRecord(answer) ? answer['status'] : undefined
  if (!isRecord(status)) {
    throw new AppError('STORE_UNAVAILABLE', 'the API server answered a review of a token with something else')
  }
  if (status['authenticated'] !== true) return null
  const user = childOf(status, 'user')
  const username = textOf(user, 'username')
  const groups = textsOf(user, 'groups')
  if (username === '' || groups.includes(UNAUTHENTICATED)) return null
  return { username, groups, audiences: textsOf(status, 'audiences') }
}

function textsOf(value: unknown, name: string): readonly string[] {
  return listOf(value, name).filter((one) => typeof one === 'string')
}
