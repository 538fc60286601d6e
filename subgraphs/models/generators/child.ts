import { DomainError } from '../../../kernel/errors.ts'
import { fromEngine } from '../generation/errors.ts'
import { continueText, type Loaded, loadModel } from './loading.ts'
import type { Answer, CancelOrder, Failure, GenerateOrder, LoadOrder } from './protocol.ts'

/** The process of one model: loads it once, then answers until its parent lets go. */
let loaded: Promise<Loaded> | undefined
const running = new Map<number, AbortController>()

process.on('message', (message: LoadOrder | GenerateOrder | CancelOrder) => {
  if ('files' in message) loaded = loadModel(message)
  else if ('cancel' in message) running.get(message.cancel)?.abort()
  else if (loaded) answer(loaded, message).then(result => process.send?.(result))
})
process.on('disconnect', () => process.exit())

async function answer(loading: Promise<Loaded>, { id, request }: GenerateOrder): Promise<Answer> {
  let model: Loaded | undefined
  const cancelling = new AbortController()
  running.set(id, cancelling)
  try {
    model = await loading
    return {
      id,
      continuation: await continueText(model, request, cancelling.signal, piece => process.send?.({ id, piece })),
    }
  } catch (error) {
    return { id, failure: { ...described(fromEngine(error)), loaded: model !== undefined } }
  } finally {
    running.delete(id)
  }
}

function described(error: unknown): Pick<Failure, 'code' | 'message'> {
  if (error instanceof DomainError) return { code: error.code, message: error.message }
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
