import type { TrainingJob } from '../jobs/job.ts'
import type { CognateConfig } from '../recipes/config.ts'

/** Whether a job came to an end of its own, which it comes to again under the same settings, unless a clock made it. */
export const isRepeatable = ({ status, error }: Pick<TrainingJob, 'status' | 'error'>): boolean =>
  status === 'COMPLETED' || error?.code === 'DIVERGED'

/** The settings under which a job is done again: it ends where the first ended, also where only a clock made it end. */
export function repeatedConfig(job: TrainingJob): CognateConfig {
  const { stopReason, step } = job
  const config = job.config as CognateConfig
  const endsByItself = isRepeatable(job) && stopReason !== 'TIME_BUDGET'
  const tokens = endsByItself ? (config.budget?.tokens ?? null) : step * tokensPerStep(config)
  return { ...config, budget: { seconds: null, tokens } }
}

const tokensPerStep = ({ batch, accumulation, context }: CognateConfig) => batch * accumulation * context

/** Numbers are the same on the same executor only. */
export const repeatedNeeds = ({ requirements, executor }: TrainingJob): readonly string[] => [
  ...requirements.filter(label => !label.startsWith('executor=')),
  ...(executor === null ? [] : [`executor=${executor}`]),
]
