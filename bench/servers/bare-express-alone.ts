import { createServer } from 'node:http'

import express from 'express'

import { listen } from './listen.ts'

// The floor of the cold start: express and nothing else.
const app = express()
app.get('/same', (_request, response) => void response.json({ same: true }))
const server = createServer(app)
process.stdout.write(`${JSON.stringify({ address: await listen(server) })}\n`)
process.once('SIGTERM', () => server.close(() => process.exit(0)))
