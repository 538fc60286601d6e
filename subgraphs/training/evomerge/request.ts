import { z } from 'zod'
import { needSettings } from '../recipes/needs.ts'
import { chosenSettings } from '../recipes/request.ts'
import { objectives } from './objectives.ts'

const count = z.int().min(1)

const settings = z
  .strictObject({
    methods: z.array(z.string()).min(1).max(18),
    objectives: z.array(z.enum(objectives)).min(1),
    bounds: z.array(z.strictObject({ parameter: z.string(), from: z.number(), to: z.number() })).max(20),
    groups: count.max(1_000),
    generations: count.max(10_000),
    population: z.int().min(4).max(1_000),
    sigma: z.number().positive().max(1),
    batch: count.max(1_000),
    context: count.max(1_000_000),
    fitnessBatches: count.max(10_000),
    testBatches: count.max(10_000),
    checkpointSeconds: z.number().positive().max(86_400),
    ...needSettings,
  })
  .partial()

export type EvoMergeSettings = z.infer<typeof settings>

/** Throws INVALID_INPUT naming the setting, its value and the remedy. */
export const readEvoMergeSettings = (given: unknown): EvoMergeSettings => chosenSettings(settings, given)
