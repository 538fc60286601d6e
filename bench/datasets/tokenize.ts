import { openBlobs } from '../../kernel/blobs/open.ts'
import { openCache } from '../../subgraphs/training/tokens/cache.ts'
import { learnedTokenizer, openTokens } from '../../subgraphs/training/tokens/tokenizing.ts'

/** Learns a tokenizer from a stored dataset and makes its tokens, as a training process does before its first step. */
interface Order {
  readonly blobs: { readonly folder: string }
  readonly digest: string
  readonly folder: string
  readonly vocabularySize: number
}

process.on('message', async ({ blobs, digest, folder, vocabularySize }: Order) => {
  const began = performance.now()
  const parts = {
    blobs: await openBlobs(blobs),
    cache: openCache({ folder, limitBytes: 1e12 }),
    shouldStop: () => false,
    tell: () => {},
  }
  const tokenizer = (await learnedTokenizer(parts, digest, vocabularySize))!
  const learnSeconds = Math.round((performance.now() - began) / 1000)
  using tokens = (await openTokens(parts, digest, tokenizer))!
  process.send!({ tokens: tokens.training.length + tokens.validation.length, learnSeconds })
})
