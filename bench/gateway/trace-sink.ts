import { createServer } from 'node:http'
import { listen } from '../../kernel/serve.ts'

/** What a span's id is called in OTLP's JSON; a parent's id has another name. */
const mark = Buffer.from('"spanId"')

let spans = 0

/** Takes traces as a collector does, and counts their spans. */
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) spans += 1
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end('{"partialSuccess":{}}')
})

process.on('message', () => process.send!(spans))
process.send!(await listen(server, '127.0.0.1', 0))
