import type { RequestListener } from 'node:http'

import type { Registry } from 'prom-client'

import type { Logger } from '#api/logger.ts'
import type { Clock } from '#core/clock.ts'
import type { Sealer } from '#secrets/seal.ts'
import type { TokenReviews } from '#store/token-reviews.ts'

import { createPeerIdentity } from './identity.ts'
import { PeerMessages } from './messages.ts'
import { createPeerMetrics } from './metrics.ts'
import { createPeerApp, type OwnPart } from './peer-app.ts'
import { PeerClient, type PeerDirectory } from './peer-client.ts'
import { openTokenFile } from './token-file.ts'

/** What the talk between replicas is built from. */
export interface PeersOptions {
  /** Name of this replica; no two that run at once have the same. */
  readonly replica: string
  /** Holds this replica's own token, for `PEER_AUDIENCE`; looked at again each minute. */
  readonly tokenFile: string
  readonly directory: PeerDirectory
  readonly reviews: TokenReviews
  readonly sealer: Sealer
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Registry
}

/** Both ends of the talk between replicas. */
export interface Peers {
  /** Asks the others. */
  readonly client: PeerClient
  /** Makes what answers the others, for a listener of its own: `--peer-listen`. */
  serve(own: OwnPart): RequestListener
  /** Cuts the connections to the others. */
  close(): void
}

/** Makes both ends; nothing is asked or answered yet. */
export function openPeers(options: PeersOptions): Peers {
  const { clock, logger, registry, directory, reviews } = options
  const ownToken = openTokenFile(options.tokenFile, clock)
  const identity = createPeerIdentity({ reviews, ownToken, clock })
  const messages = new PeerMessages(options)
  const metrics = createPeerMetrics(registry)
  const client = new PeerClient({ directory, ownToken, messages, clock, metrics })
  return {
    client,
    serve: (own) => createPeerApp({ ...own, identity, messages, clock, logger, metrics }),
    close: () => client.close(),
  }
}
