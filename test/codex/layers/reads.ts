import type { AppServer } from './app-server.ts'
import { canonicalText, type ExactJson, exactAt, exactList, exactObject, exactText } from './exact-json.ts'

/** What `config/read` says, or the error it came back with. */
export type LayersRead =
  | { readonly error: ExactJson }
  | {
      readonly error?: undefined
      /** The typed view. */
      readonly config: ExactJson
      /** Highest first: `name`, `version`, `config`, `canonicalJson` and `disabledReason` where there is one. */
      readonly layers: readonly ReadonlyMap<string, ExactJson>[]
      readonly origins: ReadonlyMap<string, ExactJson>
    }

/** Reads layers, origins and the typed view. */
export async function readLayers(server: AppServer, cwd?: string): Promise<LayersRead> {
  const params = cwd === undefined ? { includeLayers: true } : { includeLayers: true, cwd }
  const { result, error } = await server.call('config/read', JSON.stringify(params))
  if (error !== undefined) return { error }
  return {
    config: exactAt(result, 'config') ?? null,
    layers: exactList(result, 'layers').map(withCanonicalText),
    origins: new Map([...exactObject(result, 'origins')].map(([key, origin]) => [key, plainOrigin(origin)])),
  }
}

/** An origin or a layer without what a release adds to every name (`profile: null`). */
function plainOrigin(origin: ExactJson): ExactJson {
  const name = [...exactObject(origin, 'name')].filter(([, value]) => value !== null)
  return new Map([...exactObject(origin), ['name', new Map(name)] as const])
}

/** The version of the user layer in what was read. */
export function userVersion(read: LayersRead): string | null {
  if (read.error !== undefined) return null
  const user = read.layers.find((layer) => exactText(layer, 'name', 'type') === 'user')
  return user === undefined ? null : exactText(user, 'version')
}

function withCanonicalText(layer: ExactJson): ReadonlyMap<string, ExactJson> {
  return new Map([
    ...exactObject(plainOrigin(layer)),
    ['canonicalJson', canonicalText(exactAt(layer, 'config'))] as const,
  ])
}

/** Where a message says that a fault is: `<path>:<line>:<column>: …`, or the form of several lines. */
export function locationIn(message: string): ReadonlyMap<'file' | 'line' | 'column', string> | null {
  const found =
    /(\/\S+?):(\d+):(\d+): /u.exec(message) ??
    /(\/\S+): TOML parse error at line (\d+), column (\d+)/u.exec(message)
  if (found === null) return null
  const [, file = '', line = '', column = ''] = found
  return new Map([
    ['file', file],
    ['line', line],
    ['column', column],
  ])
}
