import { handleSweep } from '../../../../subgraphs/training/sweeps/events.ts'
import type { Sweeps } from '../../../../subgraphs/training/sweeps/ports.ts'
import type { ChosenSearch } from '../../../../subgraphs/training/sweeps/request.ts'
import { startSweep } from '../../../../subgraphs/training/sweeps/service.ts'
import type { Sweep } from '../../../../subgraphs/training/sweeps/sweep.ts'
import { identityOf, trainingInMemory } from '../memory.ts'
import { newDataset } from '../stores.ts'

export const rates = { parameter: 'learningRate', logUniform: { from: 1e-4, to: 1e-2 } }

/** A sweep that is there, with its trials. */
export const wholeSweep = async (sweeps: Pick<Sweeps, 'find' | 'trials'>, id: string): Promise<Sweep> => ({
  ...(await sweeps.find(id))!,
  trials: await sweeps.trials(id),
})

/** Sweeps in memory, whose trials come to what a test says. */
export function sweepStage() {
  const forge = trainingInMemory()
  forge.datasets.push(newDataset({ name: 'moby-dick', project: '*' }))
  const handle = handleSweep(forge.parts)
  const tell = (topic: string, key: string, data: object) =>
    handle({ id: 'evt_1', topic, key, project: 'default', at: '', data, position: '1' } as never)
  const childOf = (sweep: Sweep, number: number) => {
    const job = sweep.trials[number - 1]!.job
    if (!job) throw new Error(`Trial ${number} has not begun.`)
    return forge.jobs.find(({ id }) => id === job.id)!
  }
  const place = { runId: null, stepName: null }

  const stage = {
    ...forge,
    tell,
    async start(search: Partial<ChosenSearch> & object = {}, request: object = {}): Promise<Sweep> {
      const chosen = { space: [rates], ...search }
      const { id } = await startSweep(forge.parts, identityOf(), { settings: { steps: 9 }, ...request }, chosen)
      await tell('sweep.started', id, {})
      return stage.now(id)
    },
    now: (id: string): Promise<Sweep> => wholeSweep(forge.parts.sweeps, id),
    /** The job of a trial comes to the step at which it is to pause, or to its end. */
    async reach(id: string, number: number, loss: number): Promise<Sweep> {
      const job = childOf(await stage.now(id), number)
      const { totalSteps } = job
      const step = job.pauseAt ?? totalSteps
      forge.replace({ ...job, step, status: job.pauseAt === null ? 'COMPLETED' : 'PAUSED', revision: job.revision + 1 })
      const told = { jobId: job.id, step, totalSteps, ...place }
      if (job.pauseAt !== null) await tell('job.paused', job.id, { ...told, validationLoss: loss })
      else await tell('job.completed', job.id, { ...told, ...made(job.modelName, loss) })
      return stage.now(id)
    },
    async fail(id: string, number: number): Promise<Sweep> {
      const job = childOf(await stage.now(id), number)
      const error = { code: 'DIVERGED', message: 'step 3 has loss NaN' }
      forge.replace({ ...job, status: 'FAILED', error, revision: job.revision + 1 })
      await tell('job.failed', job.id, { jobId: job.id, step: 3, totalSteps: job.totalSteps, error, ...place })
      return stage.now(id)
    },
  }
  return stage
}

const made = (modelName: string, loss: number) => ({
  phase: 'COGNATE',
  attempt: 1,
  modelName,
  parameterCount: 10,
  architecture: {},
  files: [{ path: 'model.safetensors', digest: 'sha256:1', sizeBytes: 1 }],
  metrics: [{ name: 'validation_loss', value: loss }],
  parents: [],
  dataset: null,
  registers: false,
})
