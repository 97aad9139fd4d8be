import { beforeAll, inject } from 'vitest'

import { describeTokens } from '#test/store/conformance/tokens.ts'
import { describeUsers } from '#test/store/conformance/users.ts'
import { openPeople } from '#test/support/kubernetes-people.ts'
import { openTokensSubject } from '#test/support/kubernetes-stores.ts'

import { applyDefinitions } from './kubectl.ts'

beforeAll(applyDefinitions)

describeUsers('Kubernetes', () => openPeople(inject('kubeconfig')))
describeTokens('Kubernetes', () => openTokensSubject(inject('kubeconfig'), { isWatched: true }))
describeTokens('unwatched Kubernetes', () => openTokensSubject(inject('kubeconfig'), { isWatched: false }))
