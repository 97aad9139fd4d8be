import { beforeAll, inject } from 'vitest'

import { describeUsers } from '#test/store/conformance/users.ts'
import { openPeople } from '#test/support/kubernetes-people.ts'

import { applyDefinitions } from './kubectl.ts'

beforeAll(applyDefinitions)

describeUsers('Kubernetes', () => openPeople(inject('kubeconfig')))
