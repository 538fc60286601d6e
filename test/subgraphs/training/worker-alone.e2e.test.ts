import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eventData } from '../../../schema/events.ts'
import { until } from '../../support/condition.ts'
import { root } from '../../support/processes.ts'
import { runningTraining, tiny } from './running.ts'

/** A worker as another machine would start it: in an empty folder, and with no variable of this process. */
async function workerElsewhere(variables: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'forge-elsewhere-'))
  const child = spawn(process.execPath, [join(root, 'subgraphs/training/worker/main.ts')], {
    cwd: folder,
    env: variables,
    stdio: 'ignore',
  })
  const exit = new Promise<number | null>(resolve => child.once('exit', resolve))
  return {
    kill: () => child.kill('SIGKILL'),
    exit,
    /** What it has written beside the artifacts. */
    written: () => readdir(folder),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A dataset that the forge imports from a file of its own, which no other machine has. */
async function imported(forge: Awaited<ReturnType<typeof runningTraining>>): Promise<string> {
  const lines = Array.from({ length: 600 }, (_, index) => ({
    text: `Wave ${index} of the sea, ${'and of a sea. '.repeat(9)}`,
  }))
  const folder = join(forge.env.FORGE_DATA, 'datasets')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'waves.jsonl'), lines.map(line => JSON.stringify(line)).join('\n'))
  const input = { name: 'waves', files: { paths: ['waves.jsonl'] } }
  const { data } = await forge.ask('mutation ($input: ImportDatasetInput!) { importDataset(input: $input) { id } }', {
    input,
  })
  const status = async () => {
    const answer = await forge.ask('query ($id: ID!) { datasetImport(id: $id) { status } }', data.importDataset)
    return answer.data.datasetImport.status
  }
  await until('the dataset is imported', async () => (await status()) === 'READY')
  return input.name
}

describe.each(['PostgreSQL', 'Redis'] as const)('a worker on another machine, with the queue in %s,', on => {
  it('needs the two URLs and the store only to train on an import, and finishes the job of one that is killed', async () => {
    await using forge = await runningTraining({ withWorker: false, on })
    const { TRAINING_DATABASE_URL, BUS_URL, FORGE_DATA } = forge.source
    // The ports are free ones, and trainings do not give way, because all of this is one machine after all, and busy.
    const shared = { PORT: '0', FORGE_TRAINING_PRIORITY: 'normal' }
    const given = { TRAINING_DATABASE_URL, BUS_URL, FORGE_BLOBS: join(FORGE_DATA, 'blobs'), ...shared }
    await using alpha = await workerElsewhere(given)
    await using beta = await workerElsewhere(given)

    // Each takes a whole machine, so that the two share the queue; they are the same training, by the same executor.
    const wants = { slots: availableParallelism(), requirements: ['executor=onnx'] }
    const settings = { ...tiny, dataset: await imported(forge), steps: 1_200, checkpointEvery: 50, ...wants }
    const ids = [
      await forge.startCognate({ ...settings, modelName: 'one' }),
      await forge.startCognate({ ...settings, modelName: 'other' }),
    ] as const
    for (const id of ids) await forge.stepsTo(id, 120)
    const starts = async (id: string) =>
      (await forge.events(['job.started'], id)).map(({ data }) => eventData('job.started', data))
    const nodes = await Promise.all(ids.map(async id => (await starts(id)).map(({ nodeId }) => nodeId)))
    expect(nodes.map(({ length }) => length)).toEqual([1, 1])
    expect(nodes[0]).not.toEqual(nodes[1])

    const newest = async (id: string): Promise<number> => (await forge.job(id)).checkpoints[0]?.step ?? 0
    for (const id of ids) await until(`a checkpoint of ${id}`, async () => (await newest(id)) >= 50, 30_000)
    const saved = new Map(await Promise.all(ids.map(async id => [id, await newest(id)] as const)))
    alpha.kill()
    await alpha.exit
    for (const id of ids) await forge.reaches(id, 'COMPLETED', 90)
    const attempts = await Promise.all(ids.map(async id => (await forge.job(id)).attempts))
    expect(attempts.toSorted()).toEqual([1, 2])
    const [lost, kept] = attempts[0] === 2 ? ids : ([ids[1], ids[0]] as const)
    const [first, second] = await starts(lost)
    expect(second!.nodeId).not.toBe(first!.nodeId)
    expect(second!.nodeId).toBe((await starts(kept))[0]!.nodeId)
    expect(second!.step).toBeGreaterThanOrEqual(saved.get(lost)!)

    // From its last checkpoint it came to what the training that nobody disturbed came to: every loss, and the weights.
    const losses = await forge.lossesOf(lost)
    expect(losses).toHaveLength(1_200)
    expect(losses).toEqual(await forge.lossesOf(kept))
    const weights = async (id: string) => {
      const [completed] = await forge.events(['job.completed'], id)
      return eventData('job.completed', completed!.data).files.find(({ path }) => path === 'model.safetensors')?.digest
    }
    expect(await weights(lost)).toBe(await weights(kept))
    expect(await beta.written()).toEqual([])
  }, 180_000)
})
