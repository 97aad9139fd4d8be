/** API group of every kind here. */
export const GROUP = 'agent.wecode.io'

/** The one version that is served and stored. */
export const VERSION = 'v1'

/** What every object of these kinds says as its `apiVersion`. */
export const API_VERSION = `${GROUP}/${VERSION}` as const
