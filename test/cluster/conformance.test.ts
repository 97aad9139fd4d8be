import { afterAll, beforeAll, inject } from 'vitest'

import { describeStore } from '#test/store/conformance/suite.ts'
import { openKubernetesSubject } from '#test/support/kubernetes-subject.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { installDefinitions } from './kubectl.ts'

// Of its own: its history is thrown away now and then.
let server: ApiServer

beforeAll(async () => {
  server = await startApiServer(inject('assets'))
  await installDefinitions(server.kubeconfig)
})

afterAll(() => server.stop())

describeStore('Kubernetes', () => openKubernetesSubject(server))
