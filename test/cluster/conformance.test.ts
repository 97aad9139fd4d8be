import { beforeAll, inject } from 'vitest'

import { describeStore } from '#test/store/conformance/suite.ts'
import { openKubernetesSubject } from '#test/support/kubernetes-subject.ts'

import { applyDefinitions } from './kubectl.ts'

beforeAll(applyDefinitions)

describeStore('Kubernetes', () => openKubernetesSubject(inject('kubeconfig'), async () => undefined))
