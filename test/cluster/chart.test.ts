import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'

import { KINDS } from '#crds/kinds.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'

import { CHART, CHART_CASES, helm, render, type Rendered, valuesOf } from './helm.ts'
import { kubectl } from './kubectl.ts'

const CASES = ['default', 'minimal', 'single', 'gitops', 'everything'] as const

describe('the chart', () => {
  it.each(CASES)('passes helm lint, strictly, with the values %s', async (name) => {
    const answer = await helm(['lint', '--strict', CHART, valuesOf(name)])
    expect(answer.stdout).toContain('1 chart(s) linted, 0 chart(s) failed')
    expect(answer.code).toBe(0)
  })

  it('has a values file for each of these cases', async () => {
    expect((await readdir(join(CHART_CASES, 'values'))).toSorted()).toEqual(
      CASES.map((name) => `${name}.yaml`).toSorted(),
    )
  })

  it.each<[(typeof CASES)[number], readonly string[]]>([
    ['default', ['ClusterRole', 'ClusterRoleBinding', ...definitions(), 'Deployment', 'Pod', ...usual()]],
    ['minimal', ['Deployment', 'Service']],
    ['single', ['ClusterRole', 'ClusterRoleBinding', ...definitions(), 'Deployment', 'Pod', ...usual()]],
    [
      'gitops',
      ['ClusterRole', 'ClusterRoleBinding', ...definitions(), 'Deployment', 'Ingress', 'Pod', ...usual()],
    ],
    [
      'everything',
      [
        'ClusterRole',
        'ClusterRoleBinding',
        'ConfigMap',
        ...definitions(),
        'Deployment',
        'HTTPRoute',
        'HorizontalPodAutoscaler',
        'Ingress',
        'NetworkPolicy',
        'Pod',
        'PrometheusRule',
        'ServiceMonitor',
        ...usual(),
      ],
    ],
  ])('renders exactly what the values %s ask for', async (name, kinds) => {
    const rendered = await render([valuesOf(name)])
    expect(rendered.map(({ kind }) => kind).toSorted()).toEqual([...kinds].toSorted())
  })

  it('marks everything as its own, and as its owner wants', async () => {
    const rendered = await render([valuesOf('everything')])
    const unmarked = rendered.filter(
      ({ metadata }) =>
        metadata.labels['team'] !== 'platform' ||
        metadata.labels['app.kubernetes.io/managed-by'] !== 'Helm' ||
        metadata.annotations?.['example.com/owner'] !== 'platform',
    )
    expect(unmarked.map(nameOf)).toEqual([])
  })

  it('keeps every definition on an uninstall unless it is told otherwise', async () => {
    const policies = async (...flags: readonly string[]) =>
      ofKind(await render([valuesOf('default'), ...flags]), 'CustomResourceDefinition').map(
        ({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'],
      )
    expect(await policies()).toEqual(Object.keys(KINDS).map(() => 'keep'))
    expect(await policies('--set=crds.keep=false')).toEqual(Object.keys(KINDS).map(() => undefined))
  })

  it('renders the same twice, so that nothing is rolled out for nothing', async () => {
    expect(await render([valuesOf('everything')])).toEqual(await render([valuesOf('everything')]))
  })

  it('spells every setting the way the server reads it', async () => {
    const [deployment] = ofKind(await render([valuesOf('everything')]), 'Deployment')
    const env = containerOf(deployment)['env'] as readonly { name: string; value?: string }[]
    const settings = env.filter(({ name, value }) => name.startsWith('RUNTIMECONFIG_') && value !== undefined)
    expect(Object.fromEntries(settings.map(({ name, value }) => [name, value]))).toEqual({
      RUNTIMECONFIG_ADMIN_GROUPS: 'platform',
      RUNTIMECONFIG_EXECUTION_GROUPS: 'system:serviceaccounts:ci',
      RUNTIMECONFIG_KEYRING: '/etc/runtime-config-operator/keys/keyring.json',
      RUNTIMECONFIG_LEGACY_KEY: '/etc/runtime-config-operator/legacy/legacy-key',
      RUNTIMECONFIG_LISTEN: '[::]:8080',
      RUNTIMECONFIG_LOG_FORMAT: 'json',
      RUNTIMECONFIG_LOG_LEVEL: 'debug',
      RUNTIMECONFIG_OIDC_AUDIENCE: 'runtimeconfig',
      RUNTIMECONFIG_OIDC_CREATE_USERS: 'false',
      RUNTIMECONFIG_OIDC_GROUPS_CLAIM: 'groups',
      RUNTIMECONFIG_OIDC_ISSUER: 'https://login.example',
      RUNTIMECONFIG_OIDC_SUBJECT_CLAIM: 'email',
      RUNTIMECONFIG_PEER_LISTEN: '[::]:8081',
      RUNTIMECONFIG_PEER_TOKEN_FILE: '/var/run/secrets/runtime-config-operator/peers/token',
      RUNTIMECONFIG_PEER_URL: 'http://[$(POD_IP)]:8081',
      RUNTIMECONFIG_REQUESTS_PER_MINUTE: '60000',
      RUNTIMECONFIG_SIGNING_KEY: '/etc/runtime-config-operator/keys/signing-key.pem',
      RUNTIMECONFIG_STORE: 'kubernetes',
      RUNTIMECONFIG_TOKEN_REVIEW: 'runtime-config-operator/api',
      RUNTIMECONFIG_TRUST_PROXY: '10.0.0.0/8, uniquelocal',
    })
  })

  it('does not sound the alarm about Secrets that the operator may not read on purpose', async () => {
    const expressionOf = async (...flags: readonly string[]) => {
      const rules = ofKind(await render([valuesOf('everything'), ...flags]), 'PrometheusRule')
      const [group] = asManifest(rules[0]?.spec)['groups'] as readonly {
        readonly rules: readonly Manifest[]
      }[]
      return group?.rules.find(({ alert }) => alert === 'RuntimeConfigForbidden')?.['expr']
    }
    expect(await expressionOf()).toContain('code="403"}')
    expect(await expressionOf('--set=secretRef.enabled=false')).toContain('code="403", resource!="secrets"}')
  })

  it('refuses a cluster that is too old for it', async () => {
    const old = render([valuesOf('default'), '--kube-version=1.30.9'])
    await expect(old).rejects.toThrow('chart requires kubeVersion: >=1.31.0-0')
  })

  it('leaves room in the name of a pod for all that Kubernetes adds', async () => {
    const long = `--set=fullnameOverride=${'a'.repeat(60)}`
    const rendered = await render([valuesOf('default'), long])
    const [deployment] = ofKind(rendered, 'Deployment')
    expect(deployment?.metadata.name).toBe('a'.repeat(40))
  })
})

describe('the schema of the values', () => {
  it.each([
    ['a value that does not exist', '--set=replicas=3', "additional properties 'replicas' not allowed"],
    ['a setting that does not exist', '--set=settings.colour=red', "'colour' not allowed"],
    ['a setting that the chart sets', '--set=settings.store=sqlite', "'store' not allowed"],
    [
      'a switch that is a text',
      '--set-string=crds.install=yes',
      "at '/crds/install': got string, want boolean",
    ],
    ['a level that is none', '--set=settings.log-level=loud', "one of 'trace', 'debug', 'info'"],
    ['a label that is none', '--set=commonLabels.team=a b', "at '/commonLabels/team'"],
    ['a digest that is none', '--set=image.digest=latest', "at '/image/digest'"],
    [
      'a port that is none',
      '--set=service.port=70000',
      "at '/service/port': maximum: got 70,000, want 65,535",
    ],
    ['too little time to stop', '--set=terminationGracePeriodSeconds=10', 'minimum: got 10, want 36'],
    [
      'an issuer without https',
      '--set=settings.oidc-issuer=http://login.example',
      "at '/settings/oidc-issuer'",
    ],
  ])('refuses %s', async (_what, flag, words) => {
    await expect(render([valuesOf('default'), flag])).rejects.toThrow(words)
  })

  it.each([
    [
      'no keys where none can be made once',
      ['--set=keys.existingSecret='],
      'make the keys once with `runtimeconfig keys create FOLDER`',
    ],
    [
      'an issuer without an audience',
      ['--set=settings.oidc-issuer=https://login.example'],
      'settings.oidc-audience: name the client id of this installation at https://login.example',
    ],
    ['an audience without an issuer', ['--set=settings.oidc-audience=x'], 'needs settings.oidc-issuer'],
    [
      'groups that nobody names',
      ['--set=settings.admin-groups=root'],
      'settings.admin-groups: needs settings.oidc-issuer or settings.token-review',
    ],
    ['an Ingress without a host', ['--set=ingress.enabled=true'], 'ingress.hosts: name at least one host'],
    [
      'a route without a Gateway',
      ['--set=httpRoute.enabled=true'],
      'httpRoute.parentRefs: name at least one',
    ],
    [
      'two budgets',
      ['--set=podDisruptionBudget.minAvailable=1'],
      'give one of minAvailable and maxUnavailable and set the other to null',
    ],
    [
      'fewer replicas at most than at least',
      ['--set=autoscaling.enabled=true,autoscaling.minReplicas=9'],
      'autoscaling.maxReplicas: must not be below autoscaling.minReplicas',
    ],
    [
      'scaling by nothing',
      ['--set=autoscaling.enabled=true,autoscaling.targetCPUUtilizationPercentage=null'],
      'give targetCPUUtilizationPercentage or targetMemoryUtilizationPercentage',
    ],
    [
      'nobody to run as',
      ['--set=serviceAccount.create=false'],
      'serviceAccount.name: name the service account',
    ],
  ])('refuses %s', async (_what, flags, words) => {
    await expect(render([valuesOf('default'), ...flags])).rejects.toThrow(words)
  })
})

describe('the real server', () => {
  beforeAll(async () => {
    await succeed(kubectl(['apply', '--server-side', '-f', join(CHART_CASES, 'kinds')]))
    const kinds = ['servicemonitors.monitoring.coreos.com', 'prometheusrules.monitoring.coreos.com']
    const names = [...kinds, 'httproutes.gateway.networking.k8s.io'].map((name) => `crd/${name}`)
    await succeed(kubectl(['wait', '--for=condition=Established', ...names]))
    await succeed(kubectl(['apply', '-f', '-'], stringify(restrictedNamespace())))
    const gvisor = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'gvisor' },
      handler: 'runsc',
    }
    await succeed(kubectl(['apply', '-f', '-'], stringify(gvisor)))
  })

  it.each(CASES)('takes the rendering of %s as it is, without a warning', async (name) => {
    const { stdout } = await helm(['template', 'rc', CHART, '--namespace=ops', valuesOf(name)])
    const answer = await kubectl(
      [
        'apply',
        '--dry-run=server',
        '--validate=strict',
        '--warnings-as-errors',
        '--namespace=ops',
        '-f',
        '-',
      ],
      stdout,
    )
    expect(answer).toMatchObject({ stderr: '', code: 0 })
  })

  it.each(CASES)('lets the pods of %s into a namespace that is restricted', async (name) => {
    const rendered = await render([valuesOf(name), '--set=priorityClassName=,runtimeClassName='])
    for (const pod of podsOf(rendered)) {
      const answer = await kubectl(
        ['create', '--dry-run=server', '--namespace=ops', '-f', '-'],
        stringify(pod),
      )
      expect(answer).toMatchObject({ stderr: '', code: 0 })
    }
  })

  it('keeps pods out of it that may do more', async () => {
    const flags = [
      '--set=securityContext.allowPrivilegeEscalation=true',
      '--set=podSecurityContext.seccompProfile=null',
    ]
    for (const pod of podsOf(await render([valuesOf('default'), ...flags]))) {
      const answer = await kubectl(
        ['create', '--dry-run=server', '--namespace=ops', '-f', '-'],
        stringify(pod),
      )
      expect(answer.stderr).toContain('violates PodSecurity "restricted:latest"')
    }
  })
})

/** Namespaces that enforce it refuse a pod, and warn of a Deployment whose pods they would refuse. */
function restrictedNamespace(): Manifest {
  const levels = ['enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'ops', labels: Object.fromEntries(levels) },
  }
}

function podsOf(rendered: readonly Rendered[]): readonly Manifest[] {
  const [deployment] = ofKind(rendered, 'Deployment')
  const template = asManifest(deployment?.spec['template'])
  const own = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'rc' }, spec: template['spec'] }
  return [own, ...ofKind(rendered, 'Pod')]
}

function containerOf(deployment: Rendered | undefined): Manifest {
  const pod = asManifest(asManifest(deployment?.spec['template'])['spec'])
  const [container] = pod['containers'] as readonly Manifest[]
  return asManifest(container)
}

function ofKind(rendered: readonly Rendered[], kind: string): readonly Rendered[] {
  return rendered.filter((object) => object.kind === kind)
}

function nameOf({ kind, metadata }: Rendered): string {
  return `${kind}/${metadata.name}`
}

function definitions(): readonly string[] {
  return Object.keys(KINDS).map(() => 'CustomResourceDefinition')
}

function usual(): readonly string[] {
  return ['PodDisruptionBudget', 'Role', 'RoleBinding', 'Service', 'ServiceAccount']
}

async function succeed(answer: ReturnType<typeof kubectl>): Promise<void> {
  const { code, stderr } = await answer
  if (code !== 0) throw new Error(stderr)
}
