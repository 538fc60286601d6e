import { DomainError } from '../../../kernel/errors.ts'
import { fromEngine } from '../generation/errors.ts'
import { continueText, type Loaded, loadModel } from './loading.ts'
import type { Answer, Failure, GenerateOrder, LoadOrder } from './protocol.ts'

/** The process of one model: loads it once, then answers until its parent lets go. */
let loaded: Promise<Loaded> | undefined

process.on('message', (message: LoadOrder | GenerateOrder) => {
  if ('files' in message) loaded = loadModel(message)
  else if (loaded) answer(loaded, message).then(result => process.send?.(result))
})
process.on('disconnect', () => process.exit())

async function answer(loading: Promise<Loaded>, { id, request }: GenerateOrder): Promise<Answer> {
  let model: Loaded | undefined
  try {
    model = await loading
    return { id, continuation: await continueText(model, request) }
  } catch (error) {
    return { id, failure: { ...described(fromEngine(error)), loaded: model !== undefined } }
  }
}

function described(error: unknown): Pick<Failure, 'code' | 'message'> {
  if (error instanceof DomainError) return { code: error.code, message: error.message }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
