import { createServer } from 'node:http'

import express from 'express'

import { serveControl } from './control.ts'
import { listen } from './listen.ts'

// The floor of the HTTP rows: a bare express handler that returns the same JSON, and one that parses a body and returns one.
const answers = new Map<string, unknown>()
const app = express()
app.get('/same', (_request, response) => void response.json(answers.get('GET')))
app.post('/same', express.json(), (_request, response) => void response.json(answers.get('POST')))

const server = createServer(app)
const address = await listen(server)
const stop = async (): Promise<void> => void server.close()
serveControl({ address }, stop, async (question) => {
  answers.set(String(question['method']), question['answer'])
  return {}
})
