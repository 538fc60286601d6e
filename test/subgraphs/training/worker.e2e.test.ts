import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFileBlobs } from '../../../kernel/blobs/files.ts'
import { eventData } from '../../../schema/events.ts'
import { until } from '../../support/condition.ts'
import { start } from '../../support/processes.ts'
import { runningTraining, tiny, trainingProcesses } from './running.ts'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('a job', () => {
  let forge: Awaited<ReturnType<typeof runningTraining>>
  beforeAll(async () => {
    forge = await runningTraining()
  })
  afterAll(() => forge[Symbol.asyncDispose]())

  it('trains: the loss falls, every step is published once, and its files load elsewhere', async () => {
    const id = await forge.startCognate({ ...tiny, modelName: 'tiny', steps: 60, seed: 7 })
    await forge.reaches(id, 'COMPLETED')

    const job = await forge.job(id)
    expect(job).toMatchObject({ step: 60, progress: 1, attempts: 1, executor: 'onnx', error: null })
    expect(job.checkpoints.map(({ step }: { step: number }) => step)).toEqual([50, 40])
    const losses = job.metrics.find(({ name }: { name: string }) => name === 'loss').points
    expect(losses.map(({ step }: { step: number }) => step)).toEqual(range(1, 60))
    expect(losses.at(-1).value).toBeLessThan(losses[0].value - 0.5)

    await until('the end is published', async () => (await forge.events(['job.completed'], id)).length > 0)
    expect((await forge.lossesOf(id)).map(([step]) => step)).toEqual(range(1, 60))
    const [event] = await forge.events(['job.completed'], id)
    const completed = eventData('job.completed', event!.data)
    expect(completed.files.map(({ path }) => path).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    expect(completed.architecture).toMatchObject({ kind: 'llama', hidden_size: 32 })
    expect(completed.metrics.map(({ name }) => name).sort()).toEqual([
      'loss',
      'validation_loss',
      'validation_unigram_entropy',
    ])
    const blobs = await openFileBlobs(join(forge.env.FORGE_DATA, 'blobs'))
    const saved = (await forge.events(['job.checkpointed'], id)).map(({ data }) => eventData('job.checkpointed', data))
    const kept = await Promise.all(saved.map(({ digest }) => blobs.find(digest)))
    expect(kept.map(Boolean)).toEqual([false, false, false, true, true])
    for (const { digest, sizeBytes } of completed.files) expect((await blobs.bytes(digest)).length).toBe(sizeBytes)
  }, 60_000)

  it('goes on after a pause with the losses of one that was never paused', async () => {
    const settings = { ...tiny, steps: 800, seed: 11 }
    const straight = await forge.startCognate({ ...settings, modelName: 'straight' })
    await forge.reaches(straight, 'COMPLETED')

    const id = await forge.startCognate({ ...settings, modelName: 'paused' })
    await forge.stepsTo(id, 5)
    const paused = await forge.ask('mutation ($id: ID!) { pauseJob(id: $id) { status } }', { id })
    expect(paused.data.pauseJob.status).toBe('PAUSED')
    const again = await forge.ask('mutation ($id: ID!) { pauseJob(id: $id) { status } }', { id })
    expect(again.errors?.[0]?.extensions.code).toBe('CONFLICT')
    await until('its process has ended', async () => (await trainingProcesses(process.pid)).length === 0)
    const { step, checkpoints } = await forge.job(id)
    expect(checkpoints[0].step).toBe(step)
    expect(step).toBeLessThan(800)

    await forge.ask('mutation ($id: ID!) { resumeJob(id: $id) { status } }', { id })
    await forge.reaches(id, 'COMPLETED')
    expect((await forge.job(id)).attempts).toBe(2)
    expect(await forge.lossesOf(id)).toEqual(await forge.lossesOf(straight))
  }, 90_000)

  it('survives a SIGKILL of its process with the losses of one that was left alone', async () => {
    // Long enough to be killed in the middle, also by a test that is slow to see where it is.
    const settings = { ...tiny, steps: 1_000, seed: 3 }
    const straight = await forge.startCognate({ ...settings, modelName: 'undisturbed' })
    await forge.reaches(straight, 'COMPLETED')

    const id = await forge.startCognate({ ...settings, modelName: 'killed' })
    await forge.stepsTo(id, 25)
    const [child] = await trainingProcesses(process.pid)
    process.kill(child!, 'SIGKILL')
    await forge.reaches(id, 'COMPLETED')
    expect((await forge.job(id)).attempts).toBe(2)
    expect(await forge.lossesOf(id)).toEqual(await forge.lossesOf(straight))
    expect(await forge.pointsOf(id, 'validation_loss')).toEqual(await forge.pointsOf(straight, 'validation_loss'))
  }, 90_000)

  it('uses the checkpoint before one that is torn', async () => {
    const id = await forge.startCognate({ ...tiny, modelName: 'torn', steps: 800, seed: 11 })
    await forge.stepsTo(id, 25)
    await forge.ask('mutation ($id: ID!) { pauseJob(id: $id) { status } }', { id })
    // Once when it was asked for, and once when the worker had let go: by then its last checkpoint is listed.
    await until('its worker has let go', async () => (await forge.events(['job.paused'], id)).length === 2)
    const { digest } = (await forge.job(id)).checkpoints[0]
    const hex = digest.slice('sha256:'.length)
    const { truncate } = await import('node:fs/promises')
    await truncate(join(forge.env.FORGE_DATA, 'blobs', hex.slice(0, 2), hex.slice(2)), 1000)

    await forge.ask('mutation ($id: ID!) { resumeJob(id: $id) { status } }', { id })
    await forge.reaches(id, 'COMPLETED')
    expect((await forge.lossesOf(id)).map(([step]) => step)).toEqual(range(1, 800))
    const { data } = await forge.ask('query ($id: ID!) { job(id: $id) { log { lines { event text } } } }', { id })
    const warned = data.job.log.lines.filter((line: { event: string | null }) => line.event === 'warned')
    expect(warned).toEqual([{ event: 'warned', text: expect.stringContaining('cannot be used') }])
  }, 60_000)

  it('is cancelled within two seconds, process and all, for good', async () => {
    const id = await forge.startCognate({ ...tiny, modelName: 'cancelled', steps: 100_000 })
    await forge.stepsTo(id, 5)
    const began = performance.now()
    await forge.ask('mutation ($id: ID!) { cancelJob(id: $id) { status } }', { id })
    await until('its process has ended', async () => (await trainingProcesses(process.pid)).length === 0)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(await forge.job(id)).toMatchObject({ status: 'CANCELLED' })
    expect(await forge.events(['job.completed', 'job.failed'], id)).toEqual([])
  }, 60_000)

  it('fails, and is not tried again, when its loss is no number any more', async () => {
    const settings = { learningRate: 1e12, warmup: 0, gradientClip: 1e30 }
    const id = await forge.startCognate({ ...tiny, ...settings, modelName: 'diverged', steps: 200 })
    await forge.reaches(id, 'FAILED')
    const { error, attempts } = await forge.job(id)
    expect(error).toMatchObject({ code: 'DIVERGED', message: expect.stringContaining('learning rate') })
    expect(attempts).toBe(1)
  }, 60_000)

  it('fails with a remedy when its text has too few tokens', async () => {
    const text = 'a'.repeat(4_000)
    const id = await forge.startCognate({ ...tiny, modelName: 'repeated', steps: 10, text })
    await forge.reaches(id, 'FAILED')
    expect((await forge.job(id)).error).toMatchObject({ code: 'INVALID_INPUT' })
  }, 60_000)
})

describe.each(['PostgreSQL', 'Redis'] as const)('two workers on one queue in %s', on => {
  it('share the jobs by their labels, and one goes on with the job of the other when that is killed', async () => {
    await using forge = await runningTraining({ withWorker: false, on })
    const command = ['node', 'subgraphs/training/worker/main.ts']
    await using alpha = start(command, { ...forge.source, FORGE_NODE: 'alpha', FORGE_LABELS: 'big,zone=eu' })
    await using beta = start(command, { ...forge.source, FORGE_NODE: 'beta' })
    const settings = { ...tiny, steps: 2_000, checkpointEvery: 50 }
    const labelled = await forge.startCognate({ ...settings, modelName: 'labelled', requirements: ['big', 'zone=eu'] })
    await forge.stepsTo(labelled, 5)
    expect(await trainingProcesses(alpha.child.pid!)).toHaveLength(1)
    await forge.ask('mutation ($id: ID!) { cancelJob(id: $id) { status } }', { id: labelled })

    const id = await forge.startCognate({ ...settings, modelName: 'moved' })
    const apart = await forge.startCognate({ ...settings, modelName: 'apart', requirements: ['nowhere'] })
    await forge.stepsTo(id, 120)
    const [child, other] = await Promise.all([alpha, beta].map(({ child }) => trainingProcesses(child.pid!)))
    expect([...child!, ...other!]).toHaveLength(1)
    const [dying, living] = child!.length === 1 ? [alpha, beta] : [beta, alpha]
    dying.child.kill('SIGKILL')
    await dying.exit
    await until('the training process has ended', () => !isAlive([...child!, ...other!][0]!))

    await until('another attempt', async () => (await forge.job(id)).attempts === 2, 20_000)
    const starts = () => forge.events(['job.started'], id)
    await until('the bus has it', async () => (await starts()).length === 2)
    const [started] = (await starts()).slice(-1)
    expect(eventData('job.started', started!.data)).toMatchObject({ attempt: 2 })
    expect(eventData('job.started', started!.data).step).toBeGreaterThanOrEqual(50)
    const reached = (await forge.job(id)).step
    await forge.stepsTo(id, reached + 20)
    const steps = (await forge.lossesOf(id)).map(([step]) => step)
    expect(steps).toEqual(range(1, steps.length))

    const { data } = await forge.ask('{ trainingQueue { position waitsFor job { id } } }')
    expect(data.trainingQueue).toEqual([
      { position: 1, waitsFor: 'a worker with the label "nowhere"', job: { id: apart } },
    ])
    living.child.kill('SIGTERM')
    expect(await living.exit).toBe(0)
    const handedBack = await forge.job(id)
    expect(handedBack).toMatchObject({ status: 'QUEUED', attempts: 2 })
    expect(handedBack.checkpoints[0].step).toBe(handedBack.step)
  }, 120_000)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
