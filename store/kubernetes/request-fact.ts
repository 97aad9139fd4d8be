import type { KubeRequest, RequestFact } from './client.ts'

type AskedFor = Pick<KubeRequest, 'method' | 'path' | 'query'>

// /api/v1/… or /apis/group/version/…, then perhaps namespaces/NAME/, then plural[/name[/subresource]]
const PATH =
  /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)\/(?:namespaces\/[^/]+\/(?=[^/]))?([^/]+)(\/[^/]+)?(?:\/(.+))?$/

const WRITES = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const

/** Says what a request does in the words of RBAC: its verb and its resource, such as `devices/status`. */
export function describeRequest({ method, path, query }: AskedFor): Pick<RequestFact, 'verb' | 'resource'> {
  const [, plural = path, name, subresource] = PATH.exec(path) ?? []
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`
  if (method !== 'GET') return { verb: WRITES[method], resource }
  if (query?.['watch']) return { verb: 'watch', resource }
  return { verb: name === undefined ? 'list' : 'get', resource }
}
