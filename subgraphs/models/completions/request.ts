import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { badField } from './errors.ts'

/** What our models cannot do is refused, not passed over; but SDKs also send fields that ask for nothing. */
const only = (remedy: string, ...defaults: readonly unknown[]) =>
  z
    .unknown()
    .refine(value => value == null || defaults.some(known => isDeepStrictEqual(known, value)), remedy)
    .optional()
/** Changes nothing about the answer. */
const passedOver = z.unknown().optional()
const withoutTools = 'these models call no tools: leave it out'
const withoutPenalties = 'only 0 is supported: leave it out'

const shared = {
  model: z.string('name a model, as GET /v1/models lists them'),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  seed: z.number().int().nullish(),
  max_tokens: z.number().int().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  stop: z.union([z.string().min(1), z.array(z.string().min(1)).max(4)], 'pass one to four texts').nullish(),
  n: only('one answer a request: ask again for another', 1),
  logprobs: only('probabilities are not given: leave it out', false),
  frequency_penalty: only(withoutPenalties, 0),
  presence_penalty: only(withoutPenalties, 0),
  logit_bias: only('tokens cannot be favoured: leave it out', {}),
  user: passedOver,
}
/** With it, any other field is refused by its name. */
const noOther = z.null('it is not known here: leave it out')
const text = z.union(
  [z.string(), z.array(z.object({ type: z.literal('text'), text: z.string() }))],
  'pass a text, or parts of the type text',
)
const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: text,
  tool_calls: only(withoutTools, []),
  function_call: only(withoutTools),
})
const chat = z
  .object({
    ...shared,
    max_completion_tokens: z.number().int().nullish(),
    messages: z.array(message).min(1).max(1_000),
    top_logprobs: only('probabilities are not given: leave it out', 0),
    response_format: only('the answer is text: ask for the form in a message', { type: 'text' }),
    tools: only(withoutTools, []),
    tool_choice: only(withoutTools, 'none', 'auto'),
    parallel_tool_calls: passedOver,
    functions: only(withoutTools, []),
    function_call: only(withoutTools, 'none', 'auto'),
    modalities: only('these models write text only: leave it out', ['text']),
    audio: only('these models write text only: leave it out'),
    reasoning_effort: only('these models do not think first: leave it out', 'none'),
    verbosity: only('ask for it in a message', 'medium'),
    web_search_options: only('these models search nothing: leave it out'),
    store: only('completions are not kept: use a chat of the graph, which is', false),
    metadata: passedOver,
    prediction: passedOver,
    service_tier: passedOver,
    safety_identifier: passedOver,
    prompt_cache_key: passedOver,
    prompt_cache_retention: passedOver,
  })
  .catchall(noOther)
const completion = z
  .object({
    ...shared,
    prompt: z.union([z.string(), z.tuple([z.string()])], 'pass one text: one prompt a request'),
    best_of: only('one answer a request: leave it out', 1),
    echo: only('the answer is what follows the prompt: put the prompt before it', false),
    suffix: only('these models continue a text, and fill no gap: leave it out', ''),
  })
  .catchall(noOther)

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
  if (kind === 'text') {
    const asked = parse(completion, body)
    return { ...shares(asked), kind, prompt: [asked.prompt].flat()[0]! }
  }
  const asked = parse(chat, body)
  const { maxTokens, stop, ...others } = shares(asked)
  return {
    ...others,
    kind,
    prompt: chatPrompt(asked.messages),
    maxTokens: asked.max_completion_tokens ?? maxTokens,
    // The model would go on and speak for the user.
    stop: [...stop, '\nUser:'],
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const { data, error } = schema.safeParse(body)
  if (!error) return data
  const { path, message } = error.issues[0]!
  throw badField(path.join('.'), message)
}

const shares = (asked: z.infer<z.ZodObject<typeof shared>>): Omit<CompletionRequest, 'kind' | 'prompt'> => ({
  model: asked.model,
  maxTokens: asked.max_tokens ?? defaultTokens,
  temperature: asked.temperature ?? 1,
  topP: asked.top_p ?? undefined,
  seed: asked.seed ?? undefined,
  stop: asked.stop == null ? [] : [asked.stop].flat(),
  stream: asked.stream ?? false,
  withUsage: asked.stream_options?.include_usage ?? false,
})

const names = { system: 'System', developer: 'System', user: 'User', assistant: 'Assistant' } as const

/** Messages as one text. Our models know no roles: this is the plain form that base models go on with. */
function chatPrompt(messages: readonly z.infer<typeof message>[]): string {
  const lines = messages.map(({ role, content }) => {
    const said = typeof content === 'string' ? content : content.map(part => part.text).join('')
    return `${names[role]}: ${said}`
  })
  return [...lines, 'Assistant:'].join('\n')
}
