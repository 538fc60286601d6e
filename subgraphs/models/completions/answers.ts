import { randomUUID } from 'node:crypto'
import type { Continuation } from '../generation/generation.ts'
import type { CompletionRequest } from './request.ts'

/** The shapes of OpenAI's answers, one for both endpoints. */
export function answerShapes({ kind, model }: CompletionRequest, now: Date) {
  const isChat = kind === 'chat'
  const id = `${isChat ? 'chatcmpl' : 'cmpl'}-${randomUUID()}`
  const created = Math.floor(now.getTime() / 1000)
  const about = (object: string) => ({ id, object, created, model })
  const chunk = (delta: object, text: string, finish_reason: string | null) => ({
    ...about(isChat ? 'chat.completion.chunk' : 'text_completion'),
    choices: [{ index: 0, ...(isChat ? { delta } : { text }), logprobs: null, finish_reason }],
  })
  return {
    whole: (done: Continuation) => ({
      ...about(isChat ? 'chat.completion' : 'text_completion'),
      choices: [
        {
          index: 0,
          ...(isChat ? { message: { role: 'assistant', content: done.text, refusal: null } } : { text: done.text }),
          logprobs: null,
          finish_reason: reasonOf(done),
        },
      ],
      usage: usageOf(done),
    }),
    begin: () => (isChat ? [chunk({ role: 'assistant', content: '' }, '', null)] : []),
    piece: (text: string) => chunk({ content: text }, text, null),
    end: (done: Continuation, withUsage: boolean) => [
      chunk({}, '', reasonOf(done)),
      ...(withUsage
        ? [{ ...about(isChat ? 'chat.completion.chunk' : 'text_completion'), choices: [], usage: usageOf(done) }]
        : []),
    ],
  }
}

const reasonOf = ({ finishReason }: Continuation) => finishReason.toLowerCase()

const usageOf = ({ promptTokens, tokens }: Continuation) => ({
  prompt_tokens: promptTokens,
  completion_tokens: tokens,
  total_tokens: promptTokens + tokens,
})
