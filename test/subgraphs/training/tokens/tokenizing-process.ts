import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { openFileBlobs } from '../../../../kernel/blobs/files.ts'
import { openCache } from '../../../../subgraphs/training/tokens/cache.ts'
import { learnedTokenizer, openTokens } from '../../../../subgraphs/training/tokens/tokenizing.ts'

/** A training process as far as its tokens, which begins when it is told to. */
export type ToProcess =
  | {
      readonly kind: 'begin'
      readonly blobs: string
      readonly tokens: string
      readonly digest: string
      /** It gets the first half of the content, and waits for the rest. */
      readonly starves: boolean
    }
  | { readonly kind: 'stop' }

export type FromProcess =
  | { readonly kind: 'reads' | 'ready' }
  | { readonly kind: 'told'; readonly text: string }
  /** Null where it was stopped. */
  | { readonly kind: 'done'; readonly ids: readonly number[] | null }

const send = (message: FromProcess) => process.send!(message)
let mustStop = false

async function run({ blobs: folder, tokens, digest, starves }: Extract<ToProcess, { kind: 'begin' }>) {
  const files = await openFileBlobs(folder)
  const blobs: typeof files = {
    ...files,
    async read(of, part) {
      const content = await files.read(of, part)
      if (part) return content
      send({ kind: 'reads' })
      return starves ? Readable.from(halfOf(content)) : content
    },
  }
  const parts = {
    blobs,
    cache: openCache({ folder: tokens, limitBytes: 1e9 }),
    shouldStop: () => mustStop,
    tell: (text: string) => send({ kind: 'told', text }),
  }
  const tokenizer = await learnedTokenizer(parts, digest, 300)
  using stored = tokenizer && (await openTokens(parts, digest, tokenizer))
  const ids = stored && [stored.training, stored.validation].flatMap(all => Array.from(all.subarray(0, all.length)))
  send({ kind: 'done', ids })
}

async function* halfOf(content: Readable) {
  for await (const chunk of content) {
    yield chunk.subarray(0, chunk.length / 2)
    // A promise that nothing can settle is collected, and with it whoever waits for it, and what that holds.
    await pause(2 ** 31 - 1)
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (message: ToProcess) => {
  if (message.kind === 'stop') mustStop = true
  else void run(message)
})
send({ kind: 'ready' })
