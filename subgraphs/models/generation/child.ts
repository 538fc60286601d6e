import { DomainError } from '../../../kernel/errors.ts'
import { fromEngine } from './errors.ts'
import { continueText, type Loaded, loadModel } from './loading.ts'
import type { Answer, GenerateOrder, LoadOrder } from './protocol.ts'

/** The process of one model: loads it once, then answers until its parent lets go. */
let loaded: Promise<Loaded> | undefined

process.on('message', (message: LoadOrder | GenerateOrder) => {
  if ('files' in message) loaded = loadModel(message)
  else if (loaded) answer(loaded, message).then(result => process.send?.(result))
})
process.on('disconnect', () => process.exit())

async function answer(model: Promise<Loaded>, { id, request }: GenerateOrder): Promise<Answer> {
  try {
    return { id, continuation: await continueText(await model, request) }
  } catch (error) {
    const known = fromEngine(error)
    if (known instanceof DomainError) return { id, failure: { code: known.code, message: known.message } }
    return { id, failure: { message: error instanceof Error ? (error.stack ?? error.message) : String(error) } }
  }
}
