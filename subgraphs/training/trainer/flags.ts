/**
 * What Node starts a training process with. V8's young generations, three of up to 16 MiB, are memory that it does not
 * need; tokenizing takes less with small ones, and a step as long as before (docs/benchmarks.md, "Datasets").
 */
export const trainerFlags = ['--max-semi-space-size=2'] as const
