import { z } from 'zod'
import { invalidInput } from '../../../kernel/errors.ts'

const shared = {
  model: z.string(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  seed: z.number().int().nullish(),
  max_tokens: z.number().int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)]).nullish(),
  // What our models cannot do is refused, not passed over.
  n: z.literal(1, 'one answer a request: ask again for another').nullish(),
  logprobs: z.union([z.literal(false), z.literal(0)], 'probabilities are not given').nullish(),
  tools: z.array(z.never(), 'these models call no tools').nullish(),
}
const text = z.union([z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))])
const chat = z.object({
  ...shared,
  max_completion_tokens: z.number().int().nullish(),
  messages: z
    .array(z.object({ role: z.enum(['system', 'developer', 'user', 'assistant']), content: text }))
    .min(1)
    .max(1_000),
})
const completion = z.object({
  ...shared,
  prompt: z.union([z.string(), z.tuple([z.string()], 'one prompt a request')]),
})

/** A request to either endpoint, every difference between them gone. */
export interface CompletionRequest {
  readonly kind: 'chat' | 'text'
  readonly model: string
  readonly prompt: string
  readonly maxTokens: number
  readonly temperature: number
  readonly topP?: number
  readonly seed?: number
  readonly stop: readonly string[]
  readonly stream: boolean
  readonly withUsage: boolean
}

/** OpenAI's own default is the rest of the context; ours is that of `generate`. */
const defaultTokens = 128

/** Reads the body of a request. Throws INVALID_INPUT naming the first value that is wrong. */
export function readRequest(kind: 'chat' | 'text', body: unknown): CompletionRequest {
  const parsed = kind === 'chat' ? chat.safeParse(body) : completion.safeParse(body)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw invalidInput(`${path.join('.') || 'The body'} cannot be used: ${message}.`)
  }
  const { data } = parsed
  const ofChat = 'messages' in data ? chatPrompt(data.messages) : undefined
  const longest = 'messages' in data ? (data.max_completion_tokens ?? data.max_tokens) : data.max_tokens
  const stop = data.stop == null ? [] : [data.stop].flat()
  return {
    kind,
    model: data.model,
    prompt: ofChat ?? [(data as z.infer<typeof completion>).prompt].flat()[0]!,
    maxTokens: longest ?? defaultTokens,
    temperature: data.temperature ?? 1,
    topP: data.top_p ?? undefined,
    seed: data.seed ?? undefined,
    // The model would go on and speak for the user.
    stop: ofChat === undefined ? stop : [...stop, '\nUser:'],
    stream: data.stream ?? false,
    withUsage: data.stream_options?.include_usage ?? false,
  }
}

const names = { system: 'System', developer: 'System', user: 'User', assistant: 'Assistant' } as const

/** Messages as one text. Our models know no roles: this is the plain form that base models go on with. */
function chatPrompt(messages: z.infer<typeof chat>['messages']): string {
  const lines = messages.map(({ role, content }) => {
    const said = typeof content === 'string' ? content : content.map(part => part.text).join('')
    return `${names[role]}: ${said}`
  })
  return [...lines, 'Assistant:'].join('\n')
}
