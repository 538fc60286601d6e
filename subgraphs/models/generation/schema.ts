import { builder, ModelVersionRef } from '../builder.ts'
import { finishReasons, type Generation } from './generation.ts'
import { generateText } from './service.ts'

const FinishReason = builder.enumType('FinishReason', {
  description: 'Why a text ends: STOP, the model ended it; LENGTH, it has `maxTokens`.',
  values: finishReasons,
})

const GenerationRef = builder.objectRef<Generation>('Generation').implement({
  description: 'A text that a model made.',
  fields: t => ({
    text: t.exposeString('text', { description: 'What follows the prompt, without it.' }),
    prompt: t.string({ resolve: ({ request }) => request.prompt }),
    modelVersion: t.field({ type: ModelVersionRef, resolve: ({ version }) => version }),
    promptTokens: t.exposeInt('promptTokens'),
    tokens: t.exposeInt('tokens', { description: 'Tokens generated.' }),
    tokensPerSecond: t.float({
      description: 'Measured from the first look at the prompt to the last token; loading the model is not in it.',
      resolve: ({ tokens, seconds }) => tokens / seconds,
    }),
    finishReason: t.expose('finishReason', { type: FinishReason }),
    seed: t.int({
      description: 'With the same input, this seed gives the same text.',
      resolve: ({ request }) => request.seed,
    }),
  }),
})

const GenerateInput = builder.inputType('GenerateInput', {
  fields: t => ({
    model: t.string({
      required: true,
      description: 'Which version: `name/3`, `name@alias`, `name@latest`; `name` alone means the latest.',
    }),
    prompt: t.string({ required: true, description: 'The model reads the end that fits its context.' }),
    maxTokens: t.int({ required: true, defaultValue: 128 }),
    temperature: t.float({
      required: true,
      defaultValue: 0.8,
      description: '0 always takes the likeliest token; above 1 the text grows wilder.',
    }),
    topK: t.int({ description: 'Keeps the k likeliest tokens; left out, all.' }),
    topP: t.float({ description: 'Keeps the likeliest tokens that together have this probability; left out, all.' }),
    seed: t.int({ description: 'Left out, a new one is drawn.' }),
    project: t.string(),
  }),
})

builder.mutationField('generate', t =>
  t.field({
    type: GenerationRef,
    authScopes: { scope: 'models:write' },
    directives: { cost: { weight: 100 } } as never,
    description: 'Continues a prompt. The first call for a version loads it, which takes longer.',
    args: { input: t.arg({ type: GenerateInput, required: true }) },
    resolve: (_, { input }, context) => generateText(context, input, context.request?.signal),
  }),
)
