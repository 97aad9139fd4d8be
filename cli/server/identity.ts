import type { Logger } from '#api/logger.ts'
import type { TokenVerifier } from '#api/token-verifier.ts'
import type { Settings } from '#cli/resolve-settings.ts'
import type { Clock } from '#core/clock.ts'
import type { TokenReviews } from '#store/token-reviews.ts'
import type { Tokens } from '#store/tokens.ts'

/** What checking tokens of others stands on. */
export interface IdentityDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly logger: Logger
  readonly tokens: Tokens
  /** Absent: there is no cluster to ask. */
  readonly tokenReviews?: TokenReviews
}

/** Makes the verifiers of tokens that others issue, as the settings say; the one that takes everything is last. */
export async function openVerifiers({
  settings,
  tokenReviews,
  ...basis
}: IdentityDeps): Promise<readonly TokenVerifier[]> {
  const groups = { admin: settings['admin-groups'], execution: settings['execution-groups'] }
  const verifiers: TokenVerifier[] = []
  if (settings['oidc-issuer'] !== 'none') {
    // Most installations have no provider.
    const { createOidcVerifier } = await import('#api/oidc-verifier.ts')
    verifiers.push(
      createOidcVerifier({
        ...basis,
        groups,
        issuer: settings['oidc-issuer'],
        audience: settings['oidc-audience'],
        subjectClaim: settings['oidc-subject-claim'],
        groupsClaim: settings['oidc-groups-claim'],
        createUsers: settings['oidc-create-users'],
      }),
    )
  }
  if (tokenReviews !== undefined && settings['token-review'] !== 'none') {
    const { createTokenReviewVerifier } = await import('#api/token-review-verifier.ts')
    const audience = settings['token-review']
    verifiers.push(createTokenReviewVerifier({ ...basis, groups, reviews: tokenReviews, audience }))
  }
  return verifiers
}
