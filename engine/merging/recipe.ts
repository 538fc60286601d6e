import { z } from 'zod'
import { EngineError } from '../errors.ts'

/**
 * A recipe of mergekit (github.com/arcee-ai/mergekit, README "Merge configuration"): what YAML gives. Settings may be a
 * value, a list (a gradient over the layers), or a list of `{ filter, value }` where the first filter that the tensor's
 * name contains decides.
 */
const plain = z.union([z.number(), z.boolean(), z.array(z.number()).min(1)])
const conditional = z.strictObject({ filter: z.string().optional(), value: plain })
const setting = z.union([plain, conditional, z.array(conditional).min(1)])
const settings = z.record(z.string(), setting)

const model = z.string().min(1)
const source = z.strictObject({
  model,
  layer_range: z.tuple([z.int().min(0), z.int().min(1)]),
  parameters: settings.optional(),
})
const dtype = z.enum(['float32', 'float16', 'bfloat16'])

const recipe = z
  .strictObject({
    merge_method: z.string(),
    base_model: model.optional(),
    models: z
      .array(z.strictObject({ model, parameters: settings.optional() }))
      .min(1)
      .optional(),
    slices: z
      .array(
        z.strictObject({
          sources: z.array(source).min(1),
          base_model: model.optional(),
          parameters: settings.optional(),
        }),
      )
      .min(1)
      .optional(),
    parameters: settings.optional(),
    dtype: dtype.optional(),
    out_dtype: dtype.optional(),
    tokenizer_source: z.string().optional(),
    name: z.string().optional(),
  })
  .refine(({ models, slices }) => !models !== !slices, { error: 'give either models or slices', path: ['models'] })

export type Recipe = z.infer<typeof recipe>
export type Setting = z.infer<typeof setting>
export type Settings = Readonly<Record<string, Setting>>

/** Throws INVALID_INPUT naming the first place of the recipe that cannot be used. */
export function readRecipe(given: unknown): Recipe {
  const read = recipe.safeParse(given)
  if (read.success) return read.data
  const { path, message, code, ...issue } = read.error.issues[0]!
  const place = path.map(String).join('.') || 'the recipe'
  const keys = code === 'unrecognized_keys' ? (issue as { keys: string[] }).keys.join(', ') : null
  const reason = keys === null ? message : `there is no setting ${keys} here, or it is not supported`
  throw new EngineError('INVALID_INPUT', `the recipe cannot be used: ${place}: ${reason}`)
}

/** Every model that the recipe names, once, the base first where there is one. */
export function modelsOf({ base_model, models = [], slices = [] }: Recipe): readonly string[] {
  const sources = slices.flatMap(slice => [
    ...(slice.base_model ? [{ model: slice.base_model }] : []),
    ...slice.sources,
  ])
  const named = [...models, ...sources].map(({ model }) => model)
  return [...new Set([...(base_model ? [base_model] : []), ...named])]
}
