import type { TrainingJob } from '../jobs/job.ts'
import type { CognateConfig } from '../recipes/config.ts'

/** The settings under which a job is done again: it ends where the first ended, also where only a clock made it end. */
export function repeatedConfig({ config: given, status, stopReason, error, step }: TrainingJob): CognateConfig {
  const config = given as CognateConfig
  const repeatsByItself = status === 'COMPLETED' ? stopReason !== 'TIME_BUDGET' : error?.code === 'DIVERGED'
  const tokens = repeatsByItself ? (config.budget?.tokens ?? null) : step * tokensPerStep(config)
  return { ...config, budget: { seconds: null, tokens } }
}

const tokensPerStep = ({ batch, accumulation, context }: CognateConfig) => batch * accumulation * context

/** Numbers are the same on the same executor only. */
export const repeatedNeeds = ({ requirements, executor }: TrainingJob): readonly string[] => [
  ...requirements.filter(label => !label.startsWith('executor=')),
  ...(executor === null ? [] : [`executor=${executor}`]),
]
