import { Transform } from 'node:stream'
import { sizeLimit } from '../datasets/dataset.ts'
import { datasetEmpty, datasetTooLarge, notUtf8 } from '../datasets/errors.ts'

/** Lets bytes through as long as they are UTF-8 text of a usable size, and counts what they are. */
export interface TextCheck {
  readonly stream: Transform
  /** Of what has passed. */
  counts(): { readonly sizeBytes: number; readonly characters: number }
}

/** The stream fails with INVALID_INPUT, so that what it flows into ends without a result. */
export function textCheck(name: string): TextCheck {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let sizeBytes = 0
  let characters = 0

  const decode = (chunk?: Uint8Array): void => {
    try {
      const text = decoder.decode(chunk, { stream: chunk !== undefined })
      for (const _character of text) characters += 1
    } catch (error) {
      if (error instanceof TypeError) throw notUtf8(name)
      throw error
    }
  }

  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      if (sizeBytes > sizeLimit) return done(datasetTooLarge(name))
      finishing(() => decode(chunk), chunk, done)
    },
    flush(done) {
      if (sizeBytes === 0) return done(datasetEmpty(name))
      finishing(() => decode(), null, done)
    },
  })
  return { stream, counts: () => ({ sizeBytes, characters }) }
}

function finishing(
  work: () => void,
  chunk: Buffer | null,
  done: (error?: Error | null, chunk?: Buffer | null) => void,
) {
  try {
    work()
    done(null, chunk)
  } catch (error) {
    done(error as Error)
  }
}
