import { join } from 'node:path'

/** Flags of a program, without the dashes. */
export type Flags = Readonly<Record<string, string>>

/** What etcd is started with, to live in a folder and no longer than it is needed: nothing is forced to disk. */
export function etcdFlags({
  folder,
  url,
  peers,
}: Readonly<Record<'folder' | 'url' | 'peers', string>>): Flags {
  return {
    'data-dir': join(folder, 'etcd'),
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peers,
    'initial-advertise-peer-urls': peers,
    'initial-cluster': `default=${peers}`,
    'unsafe-no-fsync': 'true',
  }
}

/** Where an API server keeps what it is, and the files that it is given. */
export interface ApiServerPlace {
  /** It makes its certificate `apiserver.crt` in here. */
  readonly folder: string
  readonly port: number
  readonly etcdUrl: string
  /** PEM. */
  readonly signingKey: string
  /** PEM, of the same pair. */
  readonly verifyingKey: string
  /** CSV. */
  readonly tokens: string
}

/** What kube-apiserver is started with, on loopback, with RBAC and nothing else around it. */
export function apiServerFlags(place: ApiServerPlace): Flags {
  return {
    'etcd-servers': place.etcdUrl,
    'cert-dir': place.folder,
    'secure-port': String(place.port),
    'bind-address': '127.0.0.1',
    'service-account-issuer': 'https://kubernetes.default.svc',
    'service-account-key-file': place.verifyingKey,
    'service-account-signing-key-file': place.signingKey,
    'authorization-mode': 'RBAC',
    'token-auth-file': place.tokens,
    'service-cluster-ip-range': '10.0.0.0/24',
    'disable-admission-plugins': 'ServiceAccount',
  }
}
