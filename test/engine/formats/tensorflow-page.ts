import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'
import type { Files } from '../../../engine/formats/huggingface.ts'
import { close, listen } from '../../../kernel/serve.ts'

const library = createRequire(import.meta.url).resolve('@tensorflow/tfjs/dist/tf.min.js')

/** What the page in a browser answers with. */
export interface Report {
  readonly logits?: number[]
  readonly backend?: string
  readonly error?: string
}

/** A page that loads the model as any page would, runs it once on `ids`, and posts the logits back. */
export async function tensorflowPage(files: Files, ids: readonly number[]) {
  const page = `<!doctype html><script src="/tf.js"></script><script type="module">
    const report = body => fetch('/report', { method: 'POST', body: JSON.stringify(body) })
    try {
      const model = await tf.loadGraphModel('/model/model.json')
      const logits = model.predict(tf.tensor2d([${JSON.stringify(ids)}], [1, ${ids.length}], 'int32'))
      await report({ backend: tf.getBackend(), logits: Array.from(await logits.data()) })
    } catch (error) { await report({ error: String(error?.stack ?? error) }) }
  </script>`
  const reported = Promise.withResolvers<Report>()
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    if (path === '/report') {
      reported.resolve(JSON.parse(await text(request)))
      return response.end()
    }
    if (path === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(page)
    if (path === '/tf.js') return response.end(await readFile(library))
    const file = files[path.replace('/model/', '')]
    if (file) response.end(file)
    else response.writeHead(404).end()
  })
  const url = await listen(server, '127.0.0.1', 0)
  return { url, reported: reported.promise, [Symbol.asyncDispose]: () => close(server) }
}
