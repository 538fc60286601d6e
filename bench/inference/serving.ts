import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectForge } from '../../client/forge.ts'
import { huggingFaceFiles } from '../../engine/formats/huggingface.ts'
import { initialParameters } from '../../engine/models/llama-parameters.ts'
import { presets } from '../../engine/models/presets.ts'
import { tokenizerOf } from '../exports/models.ts'
import { text } from '../exports/text.ts'
import { openLoop } from '../gateway/load.ts'
import { answering, run } from '../gateway/process.ts'

const port = 4120
const url = `http://127.0.0.1:${port}`
const rate = 50
const seconds = 15

/** A trivial query through a whole forge, so many a second: while nothing generates, and while 1 and 8 texts are generated. */
export async function serving() {
  const data = mkdtempSync(join(tmpdir(), 'forge-bench-'))
  await using open = new AsyncDisposableStack()
  open.defer(() => rmSync(data, { recursive: true, force: true }))
  const given = { FORGE_DATA: data, PORT: String(port), FORGE_AUTH: 'off', FORGE_LOG: 'error' }
  const process = open.use(run([join(import.meta.dirname, '../../forge/main.ts')], { env: given }))
  await answering(`${url}/graphql`, {}, process)
  const forge = open.use(connectForge({ url, apiKey: 'any' }))
  const config = presets.COGNATE.model
  const model = { config, parameters: initialParameters(config, 42), tokenizer: tokenizerOf(text) }
  const { ref } = await forge.importFiles('served', huggingFaceFiles(model), { from: 'benchmark' })

  const query = { query: 'query ($ref: String!) { modelVersion(ref: $ref) { id } }', variables: { ref } }
  const load = { url: `${url}/graphql`, bodies: [JSON.stringify(query)] }
  const results = []
  for (const generations of [0, 1, 8]) {
    const leaving = new AbortController()
    let tokens = 0
    const began = performance.now()
    const generating = Array.from({ length: generations }, async (_, seed) => {
      while (!leaving.signal.aborted) {
        const input = { model: ref, prompt: 'Call me Ishmael.', maxTokens: 128, temperature: 1, seed }
        const generation = await forge.generate(input)
        // Not in one line with the wait, in which others add theirs.
        tokens += generation.tokens
      }
    })
    const measured = await openLoop(load, rate, 8, AbortSignal.timeout(seconds * 1000))
    leaving.abort()
    await Promise.all(generating)
    const generated = tokens / ((performance.now() - began) / 1000)
    if (measured.failures > 0) throw new Error(`${measured.failures} requests failed`)
    results.push({
      measured: 'service',
      model: 'COGNATE',
      generations,
      requestsPerSecond: rounded(measured.requestsPerSecond),
      p50: rounded(measured.p50),
      p95: rounded(measured.p95),
      p99: rounded(measured.p99),
      tokensPerSecond: rounded(generated),
    })
  }
  return results
}

const rounded = (value: number): number => Math.round(value * 10) / 10
