import { expect, it } from 'vitest'
import { eventData } from '../../../../schema/events.ts'
import { until } from '../../../support/condition.ts'
import { start } from '../../../support/processes.ts'
import { runningTraining, tiny } from '../running.ts'

type Forge = Awaited<ReturnType<typeof runningTraining>>

const startSweep = async (forge: Forge, input: object, search: object): Promise<string> => {
  const mutation = `mutation ($input: StartCognateInput!, $search: SweepSearchInput!) {
    startSweep(input: $input, search: $search) { id status } }`
  const { data, errors } = await forge.ask(mutation, { input, search })
  if (errors) throw new Error(errors[0]!.message)
  return data.startSweep.id
}
interface Asked {
  readonly status: string
  readonly best: { readonly number: number } | null
  readonly trials: readonly {
    readonly number: number
    readonly parameters: { readonly learningRate: number }
    readonly status: string
    readonly losses: readonly number[]
    readonly job: {
      readonly id: string
      readonly step: number
      readonly error: { readonly code: string } | null
    } | null
  }[]
}
const sweepOf = async (forge: Forge, id: string): Promise<Asked> => {
  const query = `query ($id: ID!) { sweep(id: $id) { status progress rungs error { message } best { number loss }
    trials { number parameters status rung losses job { id status step attempts error { code } sweep { id } } } } }`
  return (await forge.ask(query, { id })).data.sweep
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** One of them cannot train at all. */
const space = [{ parameter: 'learningRate', choice: [1e-5, 3e-3, 1e9] }]

it('searches by ASHA over a worker that is killed and a service that is restarted, and names the best', async () => {
  await using forge = await runningTraining({ withWorker: false })
  const command = ['node', 'subgraphs/training/worker/main.ts']
  const input = { ...tiny, modelName: 'swept', steps: 270 }
  const search = { algorithm: 'ASHA', space, trials: 6, seed: 2, eta: 3, minSteps: 30, parallel: 2 }
  const id = await startSweep(forge, input, search)
  {
    await using first = start(command, { ...forge.source, FORGE_NODE: 'first' })
    await until(
      'a trial is underway',
      async () => (await sweepOf(forge, id)).trials.some(({ job }) => job && job.step > 10),
      40_000,
    )
    first.child.kill('SIGKILL')
    await first.exit
  }
  await forge.restart()
  await using _second = start(command, { ...forge.source, FORGE_NODE: 'second' })
  await until('the sweep has ended', async () => (await sweepOf(forge, id)).status !== 'RUNNING', 120_000)

  const sweep = await sweepOf(forge, id)
  expect(sweep).toMatchObject({ status: 'COMPLETED', progress: 1, rungs: [30, 90, 270], error: null })
  expect(sweep.trials).toHaveLength(6)
  const best = sweep.trials.find(({ number }) => number === sweep.best?.number)!
  expect(best).toMatchObject({
    status: 'COMPLETED',
    parameters: { learningRate: 3e-3 },
    rung: 2,
    job: { sweep: { id } },
  })
  expect(best.losses).toHaveLength(3)
  for (const { parameters, status, job } of sweep.trials) {
    if (parameters.learningRate === 1e9) expect([status, job?.error?.code]).toEqual(['FAILED', 'DIVERGED'])
    else expect(['COMPLETED', 'STOPPED']).toContain(status)
  }
  expect(sweep.trials.filter(({ status }) => status === 'FAILED').length).toBeGreaterThan(0)

  // Who went on did so from its checkpoint: every step once, with the losses of a training that nobody interrupted.
  const jobId = best.job!.id
  const losses = await forge.lossesOf(jobId)
  expect(losses.map(([step]) => step)).toEqual(range(1, 270))
  const plain = await forge.startCognate({ ...input, modelName: 'plain', learningRate: 3e-3 })
  await forge.reaches(plain, 'COMPLETED')
  expect(await forge.lossesOf(plain)).toEqual(losses)

  const completed = await forge.events(['sweep.completed'], id)
  expect(completed).toHaveLength(1)
  const { job, loss } = eventData('sweep.completed', completed[0]!.data)
  expect(job).toMatchObject({ jobId, modelName: 'swept', step: 270 })
  expect(loss).toBe(best.losses[2])
  const finals = sweep.trials.flatMap(({ losses }) => losses[2] ?? [])
  expect(Math.min(...finals)).toBe(loss)
  const [told] = await forge.events(['job.completed'], jobId)
  expect(told!.data).toMatchObject({ registers: false })
}, 240_000)
