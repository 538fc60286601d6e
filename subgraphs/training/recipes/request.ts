import { z } from 'zod'
import { badSetting } from './errors.ts'
import { needSettings } from './needs.ts'

/** The upper bounds below are beyond any machine; they keep what is computed of the sizes short and exact. */
const count = z.int().min(1)
const positive = z.number().positive()
const fromZero = z.number().min(0)

/** What a client may choose of a Cognate training; the rest has defaults. Also the `config` of a pipeline's step. */
const settings = z.strictObject({
  sizes: z
    .strictObject({
      vocabulary: count.min(257).max(1_000_000),
      width: count.max(65_536),
      layers: count.max(1_000),
      heads: count.max(1_024),
      keyValueHeads: count.max(1_024),
      feedForward: count.max(1_000_000),
      tiedEmbeddings: z.boolean(),
    })
    .partial(),
  steps: count.max(10_000_000),
  batch: count.max(1_000_000),
  context: count.max(1_000_000),
  learningRate: positive,
  warmup: z.int().min(0),
  weightDecay: fromZero,
  gradientClip: positive,
  accumulation: count.max(1_000_000),
  grokfast: z
    .strictObject({
      kind: z.enum(['NONE', 'EMA', 'MA']),
      alpha: fromZero.lt(1),
      lambda: fromZero,
      window: count.max(1_000_000),
      start: z.int().min(0),
      warmup: z.int().min(0),
    })
    .partial({ alpha: true, lambda: true, window: true, start: true, warmup: true }),
  curriculum: z
    .array(z.strictObject({ context: count.max(1_000_000), share: positive.max(1) }))
    .min(1)
    .max(20),
  /** The same without the filter, beside it. */
  control: z.boolean(),
  validationEvery: count,
  checkpointEvery: count,
  ...needSettings,
  keepLast: count.max(100),
  keepBest: z.int().min(0).max(100),
  checkpointSeconds: positive.max(86_400),
  earlyStopping: z.strictObject({ patience: count, minDelta: fromZero }).partial({ minDelta: true }),
  divergence: z.strictObject({ spike: fromZero, window: count.max(10_000), patience: count.max(1_000_000) }).partial(),
  budget: z.strictObject({ seconds: positive, tokens: count }).partial(),
  weights: z.enum(['BEST', 'LAST']),
})

const cognateSettings = settings.partial()

export type CognateSettings = z.infer<typeof cognateSettings>

export const readSettings = (given: unknown): CognateSettings => chosenSettings(cognateSettings, given)

/** GraphQL and JSON say null where nothing is chosen. Throws INVALID_INPUT naming the setting, its value and the remedy. */
export function chosenSettings<Settings>(schema: z.ZodType<Settings>, given: unknown): Settings {
  const chosen = withoutNulls(given)
  const parsed = schema.safeParse(chosen)
  if (parsed.success) return parsed.data
  const { path, message, code, ...issue } = parsed.error.issues[0]!
  if (code === 'unrecognized_keys') {
    const unknown = (issue as { keys: string[] }).keys[0]!
    throw badSetting([...path, unknown].join('.'), valueAt(chosen, [...path, unknown]), 'there is no such setting')
  }
  throw badSetting(path.join('.') || 'config', valueAt(chosen, path), remedyOf(message))
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value)

/** Zod's "Too small: expected number to be >0" as the second half of our sentence. */
const remedyOf = (message: string) => `it is not usable (${message.charAt(0).toLowerCase()}${message.slice(1)})`

function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const entries = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutNulls(inner)]))
}
