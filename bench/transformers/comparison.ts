import type { Pretrained } from '../../engine/formats/pretrained.ts'
import type { Decoder } from '../../engine/generation/decoder.ts'
import { END_OF_TEXT, type Tokenizer } from '../../engine/tokenizing/tokenizer.ts'
import { awkwardTexts } from '../exports/awkward-texts.ts'
import { differenceOf, readLogits } from '../exports/logits.ts'
import type { Program } from './program.ts'

const prompts = ['Call me', 'The whale ', 'It was a']
const greedy = 48
const tolerance = 1e-3

/** Holds a program against our own decoder at F32. */
export async function compare(
  program: Program,
  { model, decoder, text }: { model: Pretrained; decoder: Decoder; text: string },
) {
  const { tokenizer, config } = model
  let sameTokens = 0
  for (const each of awkwardTexts) {
    const found = await program.tokenize(each)
    if (found?.join() === withSpecialTokens(tokenizer, each).join()) sameTokens += 1
  }
  const hasTokenizer = program.tokenize('') !== null

  const ids = Array.from(tokenizer.encode(text)).slice(0, config.contextLength)
  const [mine, other] = [await readLogits(decoder, ids), await program.logits(ids)]
  const maxLogitDifference = differenceOf(mine, other)

  let sameGreedyTokens = 0
  for (const prompt of prompts) {
    const begin = Array.from(tokenizer.encode(prompt))
    const options = { maxTokens: greedy, temperature: 0, seed: 0 }
    const [a, b] = [await Array.fromAsync(decoder.generate(begin, options)), await program.generate(begin, greedy)]
    const differs = a.findIndex((token, index) => token !== b[index])
    sameGreedyTokens += differs < 0 ? greedy : differs
  }
  const isSame = (!hasTokenizer || sameTokens === awkwardTexts.length) && sameGreedyTokens === greedy * prompts.length
  return {
    program: program.name,
    sameTokens: hasTokenizer ? sameTokens : null,
    texts: hasTokenizer ? awkwardTexts.length : null,
    rows: mine.length,
    maxLogitDifference,
    sameGreedyTokens,
    greedyTokens: greedy * prompts.length,
    passes: isSame && maxLogitDifference < tolerance,
  }
}

/** Our tokens, but that what reads like the special token is it: so do Hugging Face's tokenizers read every text. */
const withSpecialTokens = (tokenizer: Tokenizer, text: string): number[] =>
  text.split(END_OF_TEXT).flatMap((piece, index) => {
    const end = index > 0 ? [tokenizer.specialTokens.get(END_OF_TEXT)!] : []
    return [...end, ...tokenizer.encode(piece)]
  })
