import { createSocket } from 'node:dgram'
import { appendFileSync, writeFileSync } from 'node:fs'

// A name server that knows no name, for one sandbox: answers every question with "no such name" and writes down what was
// asked. Started by enter.sh inside the sandbox's own network; ends with the process that started it.
const [log = ''] = process.argv.slice(2)
const parent = process.ppid
const NO_SUCH_NAME = 3

const socket = createSocket('udp4')
socket.on('message', (question, from) => {
  appendFileSync(log, `${nameIn(question)}\n`)
  const answer = Buffer.from(question)
  answer.writeUInt16BE(0x8180 | NO_SUCH_NAME, 2)
  socket.send(answer, from.port, from.address)
})
socket.bind(53, '127.0.0.1', () => writeFileSync(log, ''))
setInterval(() => {
  if (process.ppid !== parent) process.exit(0)
}, 200)

/** The name that a question is about: after twelve bytes of header, labels with their lengths before them. */
function nameIn(question: Buffer): string {
  const labels: string[] = []
  let at = 12
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return labels.join('.')
}
